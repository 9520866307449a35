import { type Command, InvalidArgumentError } from 'commander';
import { BrambleError } from '../../../proto/contract/errors.js';
import { renderBytes } from '../../../proto/contract/words.js';
import type { CliContext } from '../context.js';
import { type DryRunOption, withDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { issue, issueAndFollow, tryCommand } from '../follow-command.js';
import { resolveNode } from '../resolve.js';
import { DEFAULT_REASON, durationMs, type RunCommand } from './register.js';

/** What every order to a node takes. */
export interface ActionOptions extends DryRunOption {
  readonly reason: string;
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

export const MINUTE_MS = 60_000;
const BLINK_MS = { min: 5_000, max: 300_000, usual: 30_000 } as const;

export function withActionOptions(command: Command, timeoutMs: number): Command {
  return withDryRun(command)
    .option('--reason <text>', 'kept with the command', DEFAULT_REASON)
    .option('--no-wait', 'return as soon as the controller has taken the command')
    .option(
      '--timeout <duration>',
      `wait at most so long, ${timeoutMs / 1_000}s when not given`,
      durationMs,
      timeoutMs,
    );
}

/** Orders that change little: none needs to be confirmed. */
export function registerActions(node: Command, run: RunCommand): void {
  registerRemount(node, run);
  registerStepClock(node, run);
  registerIdentify(node, run);
  registerDiagnostics(node, run);
}

/** After `node diagnostics` -o names the file to save: what is printed there is a line, in any format. */
export function withFileOption(argv: readonly string[]): readonly string[] {
  const verb = argv.findIndex((word, at) => word === 'diagnostics' && argv[at - 1] === 'node');
  if (verb < 0) return argv;
  return argv.map((word, at) => (at <= verb ? word : word.replace(/^(?:-o|--output)(?==|$)/, '--file')));
}

function registerRemount(node: Command, run: RunCommand): void {
  const command = node
    .command('remount')
    .description('Make a mounted filesystem writable again, or read-only; the node’s own configuration names which')
    .argument('<name|id>')
    .argument('<mount point>', 'such as / or /boot/firmware')
    .option('--read-only', 'the other way round', false);
  withActionOptions(command, 2 * MINUTE_MS).action(
    (nameOrId: string, mountPoint: string, options: ActionOptions & { readonly readOnly: boolean }) =>
      run(async (context) => {
        const target = await resolveNode(context.api, nameOrId);
        const access = options.readOnly ? 'read-only' : 'read-write';
        return issueAndFollow(context, target, { kind: 'remount', mountPoint, access }, options);
      }),
  );
}

function registerStepClock(node: Command, run: RunCommand): void {
  const command = node
    .command('step-clock')
    .description('Have the time service of a node set its clock at once')
    .argument('<name|id>');
  withActionOptions(command, 3 * MINUTE_MS).action((nameOrId: string, options: ActionOptions) =>
    run(async (context) => {
      const target = await resolveNode(context.api, nameOrId);
      return issueAndFollow(context, target, { kind: 'step-clock' }, options);
    }),
  );
}

function registerIdentify(node: Command, run: RunCommand): void {
  const command = node
    .command('identify')
    .description('Blink the activity LED of a Raspberry Pi, to find it among many')
    .argument('<name|id>')
    .option('--for <duration>', '5s to 300s', blinkMs, BLINK_MS.usual);
  withActionOptions(command, 6 * MINUTE_MS).action(
    (nameOrId: string, options: ActionOptions & { readonly for: number }) =>
      run(async (context) => {
        const target = await resolveNode(context.api, nameOrId);
        return issueAndFollow(context, target, { kind: 'identify', forMs: options.for }, options);
      }),
  );
}

function registerDiagnostics(node: Command, run: RunCommand): void {
  const command = node
    .command('diagnostics')
    .description('Have a node collect its logs and facts, without secrets, and save them here')
    .argument('<name|id>')
    .option('-o, --file <file>', 'a new file, NAME-diagnostics-TIME.tar.gz when not given');
  withActionOptions(command, 10 * MINUTE_MS).action(
    (nameOrId: string, options: ActionOptions & { readonly file?: string }) =>
      run((context) => diagnose(context, nameOrId, options)),
  );
}

async function diagnose(
  context: CliContext,
  nameOrId: string,
  options: ActionOptions & { readonly file?: string },
): Promise<number> {
  const { api, host, screen } = context;
  const target = await resolveNode(api, nameOrId);
  const file = options.file ?? fileName(target.name, context.nowMs());
  if (host.exists(file)) {
    throw new BrambleError('already-exists', `${file} is there already`, { hint: 'name another file with -o' });
  }
  if (options.dryRun === true) return tryCommand(context, target, { kind: 'diagnose' }, options);
  const { command, exitCode } = await issue(context, target, { kind: 'diagnose' }, options);
  if (!options.wait || exitCode !== EXIT.ok) return exitCode;
  const content = await api.upload(command.id);
  await host.save(file, content);
  if (screen.format === 'table') context.out(`Saved ${file} (${renderBytes(content.length)})\n`);
  return EXIT.ok;
}

/** A name comes from outside: only what is harmless in a file name stays. */
function fileName(node: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const safe = node.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 63);
  return `${safe}-diagnostics-${time}.tar.gz`;
}

function blinkMs(text: string): number {
  const ms = durationMs(text);
  if (ms >= BLINK_MS.min && ms <= BLINK_MS.max) return ms;
  throw new InvalidArgumentError('An LED blinks for 5s to 300s.');
}
