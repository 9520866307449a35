import type { Command } from 'commander';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { assertConfirmed } from '../confirm.js';
import type { CliContext } from '../context.js';
import { withoutDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { renderData } from '../output.js';
import { DEFAULT_REASON, type Register, type RunCommand } from './register.js';

interface BackupOptions {
  readonly keys: boolean;
  readonly reason: string;
  readonly dryRun?: boolean;
}

interface RestoreOptions {
  readonly data: string;
  readonly confirm?: string;
}

interface PromoteOptions {
  readonly reason: string;
  readonly confirm?: string;
}

export const registerBackup: Register = (program, run) => {
  registerMake(program, run);
  registerRestore(program, run);
  registerPromote(program, run);
};

function registerMake(program: Command, run: RunCommand): void {
  program
    .command('backup')
    .description('Copy what must not be lost while the controller runs: its database, and the keys of the fleet')
    .argument('[folder]', 'a new folder to copy it to; it stays in the data directory too, with nine before it')
    .option('--without-keys', 'the database alone; who has the keys can speak for the fleet')
    .option('--reason <text>', 'kept in the audit log', DEFAULT_REASON)
    .option('--dry-run', 'only say what would be done')
    .action((folder: string | undefined, options: Omit<BackupOptions, 'keys'> & { readonly withoutKeys?: boolean }) =>
      run((context) => makeBackup(context, folder, { ...options, keys: options.withoutKeys !== true })),
    );
}

async function makeBackup(context: CliContext, folder: string | undefined, options: BackupOptions): Promise<number> {
  const { api, host } = context;
  if (folder !== undefined && host.exists(folder)) {
    throw new BrambleError('already-exists', `${visible(folder)} is there already`, { hint: 'name a new folder' });
  }
  if (options.dryRun === true) {
    tell(context, options, `a backup ${options.keys ? 'with' : 'without'} the keys of the fleet would be made`);
    return EXIT.ok;
  }
  const made = await api.makeBackup({ withKeys: options.keys, reason: options.reason });
  if (folder !== undefined) await host.copyFolder(made.path, folder);
  const path = folder ?? made.path;
  const keys = made.withKeys ? ' With the keys of the fleet: keep it where only you can read it.' : '';
  tell(context, { ...made, path }, `${visible(path, 1_000)}  (${Math.ceil(made.sizeBytes / 1024)} KiB).${keys}`);
  return EXIT.ok;
}

function registerRestore(program: Command, run: RunCommand): void {
  withoutDryRun(program.command('restore'), 'the controller is stopped, and nobody can try it and take it back')
    .description('Put a backup in the place of a data directory; its controller must be stopped')
    .argument('<folder>', 'a backup')
    .requiredOption('--data <dir>', 'the data directory')
    .option('--confirm <dir>', 'the data directory, once more')
    .action((folder: string, { data, confirm }: RestoreOptions) =>
      run(async (context) => {
        assertConfirmed({ name: data, would: 'replace what is in' }, confirm);
        const { exitCode, out } = await context.host.runController(['--data', data, '--restore', folder]);
        if (exitCode !== 0) return EXIT.failure;
        const { format } = context.screen;
        if (format === 'json' || format === 'yaml') context.out(`${renderData(JSON.parse(out), format)}\n`);
        else context.out(`Restored. Commands are held: start the controller, then bramble promote --reason TEXT\n`);
        return EXIT.ok;
      }),
    );
}

function registerPromote(program: Command, run: RunCommand): void {
  withoutDryRun(program.command('promote'), 'an epoch that was told to agents cannot be taken back')
    .description('Let a restored controller command the fleet, once it is settled that no other copy of it runs')
    .requiredOption('--reason <text>', 'kept with the decision')
    .option('--confirm <host>', 'the name of the controller’s machine')
    .action(({ reason, confirm = '' }: PromoteOptions) =>
      run(async (context) => {
        const promoted = await context.api.promote({ reason, confirm });
        const words = `Commands go out again, at epoch ${promoted.epoch} (before: ${promoted.epochBefore})`;
        tell(context, promoted, `${words}. They were held because ${visible(promoted.heldBecause, 500)}.`);
        return EXIT.ok;
      }),
    );
}

function tell({ screen, out }: CliContext, data: unknown, words: string): void {
  const { format } = screen;
  out(`${format === 'json' || format === 'yaml' ? renderData(data, format) : words}\n`);
}
