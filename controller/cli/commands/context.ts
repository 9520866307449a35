import type { Command } from 'commander';
import { BrambleError } from '../../../proto/contract/errors.js';
import {
  type ConfigFile,
  type ContextEntry,
  checkedContextName,
  configPath,
  contextNamed,
  parseConfigFile,
  renderConfigFile,
} from '../config-file.js';
import { type CliContext, print } from '../context.js';
import { EXIT } from '../errors.js';
import type { Listing } from '../output.js';
import type { WhereOptions } from '../where.js';
import type { Register } from './register.js';

interface Row {
  readonly name: string;
  readonly current: boolean;
  readonly entry: ContextEntry;
}

export const registerContext: Register = (program, run) => {
  const context = program.command('context').description('Controllers under names of your own');
  context
    .command('list')
    .description('Which there are, and which is current')
    .action(() => run(async (cli) => show(cli, load(cli).file)));
  context
    .command('use')
    .description('Make one the current')
    .argument('<name>')
    .action((name: string) =>
      run((cli) =>
        change(cli, (file) => {
          contextNamed(file, name);
          return { ...file, current: name };
        }),
      ),
    );
  context
    .command('set')
    .description('Make one, or replace it: with --socket, or with --server, --token-file and --ca')
    .argument('<name>')
    .action((name: string, _: unknown, command: Command) =>
      run((cli) =>
        change(cli, (file) => {
          const contexts = {
            ...file.contexts,
            [checkedContextName(name)]: entryOf(command.optsWithGlobals<WhereOptions>()),
          };
          return { current: file.current ?? name, contexts };
        }),
      ),
    );
  context
    .command('remove')
    .description('Forget one; its token file stays')
    .argument('<name>')
    .action((name: string) =>
      run((cli) =>
        change(cli, (file) => {
          contextNamed(file, name);
          const contexts = Object.fromEntries(Object.entries(file.contexts).filter(([other]) => other !== name));
          return file.current === name ? { contexts } : { ...file, contexts };
        }),
      ),
    );
};

function entryOf({ server, socket, tokenFile, ca }: WhereOptions): ContextEntry {
  if (socket !== undefined && server === undefined) return { socket };
  if (server !== undefined && socket === undefined) {
    return {
      server,
      ...(tokenFile === undefined ? {} : { tokenFile }),
      ...(ca === undefined ? {} : { ca }),
    };
  }
  throw new BrambleError('invalid-argument', 'a context has one place where its controller is', {
    hint: 'give --server URL or --socket PATH',
  });
}

function load({ host }: CliContext): { readonly path: string; readonly file: ConfigFile } {
  const path = configPath(host.env);
  if (path === undefined) throw new BrambleError('failed-precondition', 'neither HOME nor XDG_CONFIG_HOME is set');
  const text = host.readTextIfThere(path);
  return { path, file: text === undefined ? { contexts: {} } : parseConfigFile(text, path) };
}

async function change(cli: CliContext, next: (file: ConfigFile) => ConfigFile): Promise<number> {
  const { path, file } = load(cli);
  const text = renderConfigFile(next(file));
  const changed = parseConfigFile(text, path); // what could not be read again is not written
  await cli.host.saveConfig(path, text);
  return show(cli, changed);
}

function show(cli: CliContext, file: ConfigFile): number {
  const rows = Object.entries(file.contexts).map(([name, entry]) => ({ name, current: name === file.current, entry }));
  print(cli, LISTING, rows, file);
  return EXIT.ok;
}

const LISTING: Listing<Row> = {
  columns: [
    { title: 'CURRENT', text: ({ current }) => (current ? '*' : '') },
    { title: 'NAME', text: ({ name }) => name },
    { title: 'CONTROLLER', text: ({ entry }) => ('socket' in entry ? entry.socket : entry.server) },
    { title: 'TOKEN FILE', text: ({ entry }) => ('socket' in entry ? '' : (entry.tokenFile ?? '')) },
  ],
  name: ({ name }) => `context/${name}`,
  empty: 'No contexts. `bramble context set NAME --server URL --token-file FILE` makes one.',
};
