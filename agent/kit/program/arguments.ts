import { BrambleError } from '../../../proto/contract/errors.js';
import type { AgentProgram } from './agent-program.js';

/** What the command line asks for. */
export type Invocation =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'run'; readonly configPath: string | undefined }
  | { readonly kind: 'report'; readonly hostRoot: string; readonly output: 'json' | 'text' }
  | { readonly kind: 'helper'; readonly peer: string; readonly policyPath: string }
  | { readonly kind: 'keep'; readonly duty: string }
  | { readonly kind: 'mailbox' }
  | { readonly kind: 'raise-clock'; readonly stateDir: string | undefined };

const POLICY_PATH = '/etc/bramble/helper.json';

/** Option names of each command; every option takes a value. */
const OPTIONS = {
  run: { '--config': 'config' },
  report: { '--host-root': 'hostRoot', '-o': 'output', '--output': 'output' },
  helper: { '--peer': 'peer', '--policy': 'policy' },
  keep: { '--duty': 'duty' },
  mailbox: {},
  raiseClock: { '--state-dir': 'stateDir' },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

export function usage({ name, configPath, stateDir }: Pick<AgentProgram, 'name' | 'configPath' | 'stateDir'>): string {
  return `usage: ${name} COMMAND

  run [--config FILE]                     run as an agent until asked to end (FILE: ${configPath})
  report [--host-root DIR] [-o json|text] collect every fact once, print it and exit
  helper --peer INSTANCE [--policy FILE]  answer one request with root's rights (started by a socket unit)
  keep [--duty WHAT]                      finish what privileged orders left open (switches; started by the agent)
  mailbox                                 do what the fileserver left for this board, once (boards; started by a timer)
  raise-clock [--state-dir DIR]           set a clock that is behind to the last known time (DIR: ${stateDir})

  --version   print the version
  --help      print this
`;
}

/** @throws BrambleError `invalid-argument` for anything that is not understood */
export function parseArguments(args: readonly string[]): Invocation {
  const [command, ...rest] = args;
  if (args.some((arg) => arg === '--help' || arg === '-h')) return { kind: 'help' };
  if (command === '--version') return { kind: 'version' };
  switch (command) {
    case 'run':
      return { kind: 'run', configPath: parseOptions(rest, OPTIONS.run).get('config') };
    case 'report':
      return parseReport(parseOptions(rest, OPTIONS.report));
    case 'helper':
      return parseHelper(parseOptions(rest, OPTIONS.helper));
    case 'raise-clock':
      return { kind: 'raise-clock', stateDir: parseOptions(rest, OPTIONS.raiseClock).get('stateDir') };
    case 'keep':
      return { kind: 'keep', duty: parseOptions(rest, OPTIONS.keep).get('duty') ?? '' };
    case 'mailbox':
      parseOptions(rest, OPTIONS.mailbox);
      return { kind: 'mailbox' };
    case undefined:
      throw misused('no command given');
    default:
      throw misused(`unknown ${command.startsWith('-') ? 'option' : 'command'} ${command}`);
  }
}

function parseReport(options: ReadonlyMap<string, string>): Invocation {
  const output = options.get('output') ?? 'text';
  if (output !== 'json' && output !== 'text') throw misused(`-o takes json or text, not ${output}`);
  return { kind: 'report', hostRoot: options.get('hostRoot') ?? '/', output };
}

function parseHelper(options: ReadonlyMap<string, string>): Invocation {
  const peer = options.get('peer');
  if (peer === undefined) throw misused('helper needs --peer');
  return { kind: 'helper', peer, policyPath: options.get('policy') ?? POLICY_PATH };
}

/** Both "--name value" and "--name=value". */
function parseOptions(args: readonly string[], names: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const waiting = [...args];
  for (let word = waiting.shift(); word !== undefined; word = waiting.shift()) {
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const option = equals < 0 ? word : word.slice(0, equals);
    const name = Object.hasOwn(names, option) ? names[option] : undefined;
    if (name === undefined) throw misused(`unknown ${word.startsWith('-') ? 'option' : 'argument'} ${option}`);
    const value = equals < 0 ? waiting.shift() : word.slice(equals + 1);
    if (value === undefined || value === '') throw misused(`${option} needs a value`);
    if (found.has(name)) throw misused(`${option} was given twice`);
    found.set(name, value);
  }
  return found;
}

function misused(why: string): BrambleError {
  return new BrambleError('invalid-argument', why);
}
