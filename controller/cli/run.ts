import { Command, Option } from 'commander';
import { VERSION } from '../../proto/contract/build.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { Secret } from '../../proto/contract/secret.js';
import { visible } from '../../proto/contract/visible.js';
import { ApiClient } from './api-client.js';
import { registerApiToken } from './commands/api-token.js';
import { registerAudit } from './commands/audit.js';
import { registerBackup } from './commands/backup.js';
import { registerCommand } from './commands/command.js';
import { registerDescribe } from './commands/describe.js';
import { registerEnrol } from './commands/enrol.js';
import { registerEvents } from './commands/events.js';
import { registerGet } from './commands/get.js';
import { registerLoginLink } from './commands/login-link.js';
import { registerNode } from './commands/node.js';
import { withFileOption } from './commands/node-actions.js';
import type { RunCommand } from './commands/register.js';
import { registerSite } from './commands/site.js';
import { registerToken } from './commands/token.js';
import { registerUser } from './commands/user.js';
import { registerWhy } from './commands/why.js';
import type { CliContext, CliHost } from './context.js';
import { EXIT, exitCodeOf, isUsageError } from './errors.js';
import { OUTPUT_FORMATS, type OutputFormat, type Screen } from './output.js';
import type { Where } from './transport.js';

/** Adding a noun is one file and one line here. */
const NOUNS = [
  registerGet,
  registerDescribe,
  registerEvents,
  registerToken,
  registerEnrol,
  registerNode,
  registerSite,
  registerCommand,
  registerUser,
  registerApiToken,
  registerLoginLink,
  registerAudit,
  registerBackup,
  registerWhy,
] as const;

interface GlobalOptions {
  readonly output: OutputFormat;
  readonly socket?: string;
  readonly server?: string;
  readonly tokenFile?: string;
  readonly color: boolean;
}

/** Runs one command line; the answer is the exit code. Standard output stays empty on failure. */
export async function runCli(argv: readonly string[], host: CliHost, signal: AbortSignal): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = makeProgram(host);
  const run: RunCommand = async (work) => {
    exitCode = await work(makeContext(program.opts<GlobalOptions>(), host, signal));
  };
  for (const register of NOUNS) register(program, run);
  try {
    await program.parseAsync(withFileOption(argv), { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (isUsageError(thrown)) return EXIT.usage; // commander has said what is wrong
    if (thrown instanceof Error && 'exitCode' in thrown && thrown.exitCode === 0) return EXIT.ok; // --help, --version
    if (signal.aborted) return EXIT.interrupted;
    const error = BrambleError.from(thrown);
    host.err(renderError(error, program.opts<GlobalOptions>().output));
    return exitCodeOf(error);
  }
}

function makeProgram(host: CliHost): Command {
  return new Command('bramble')
    .description('See and steer a fleet of Raspberry Pis')
    .version(VERSION)
    .addOption(new Option('-o, --output <format>', 'how to print').choices(OUTPUT_FORMATS).default('table'))
    .option('--socket <path>', 'administrator’s socket of the controller ($BRAMBLE_SOCKET)')
    .option('--server <url>', 'the page’s address instead, with an API token ($BRAMBLE_SERVER)')
    .option('--token-file <path>', 'file that holds the API token for --server ($BRAMBLE_TOKEN_FILE)')
    .option('--no-color', 'no colours; NO_COLOR=1 does the same')
    .exitOverride()
    .configureOutput({ writeOut: (text) => host.out(text), writeErr: (text) => host.err(text) })
    .showHelpAfterError('(--help lists what there is)');
}

function makeContext(options: GlobalOptions, host: CliHost, signal: AbortSignal): CliContext {
  const transport = host.connect(whereOf(options, host), host.userName);
  return {
    api: new ApiClient(transport, signal),
    host,
    screen: screenOf(options, host),
    signal,
    out: (text) => host.out(text),
    nowMs: () => host.clock.nowMs(),
  };
}

function screenOf(options: GlobalOptions, { env, widthColumns }: CliHost): Screen {
  const wantsNone = !options.color || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return { format: options.output, colour: widthColumns !== undefined && !wantsNone, widthColumns };
}

/** What was said, else the environment, else the controller of `npm start` in this directory, else the installed one. */
function whereOf(options: GlobalOptions, host: CliHost): Where {
  const { socket, server } = options;
  const { env, exists } = host;
  if (server !== undefined) return { kind: 'server', url: checkedUrl(server), token: tokenOf(options, host) };
  if (socket !== undefined) return { kind: 'socket', path: socket };
  const fromEnv = env['BRAMBLE_SOCKET'] ?? '';
  if (fromEnv !== '') return { kind: 'socket', path: fromEnv };
  const serverFromEnv = env['BRAMBLE_SERVER'] ?? '';
  if (serverFromEnv !== '') return { kind: 'server', url: checkedUrl(serverFromEnv), token: tokenOf(options, host) };
  const local = '.bramble/admin.sock';
  return { kind: 'socket', path: exists(local) ? local : '/var/lib/bramble/admin.sock' };
}

/** A token is read from a file: command lines and environments are seen by others. */
function tokenOf({ tokenFile }: GlobalOptions, { env, readSecretFile }: CliHost): Secret | undefined {
  const path = tokenFile ?? env['BRAMBLE_TOKEN_FILE'] ?? '';
  return path === '' ? undefined : readSecretFile(path);
}

function checkedUrl(text: string): string {
  if (URL.canParse(text)) return text;
  throw new BrambleError('invalid-argument', `--server ${visible(text)} is not an address`, {
    hint: 'it looks like http://127.0.0.1:8080',
  });
}

/** For people by default; the envelope when the output is for programs too. */
function renderError(error: BrambleError, format: OutputFormat): string {
  const { code, hint, context, details } = error;
  const message = code === 'internal' ? `this is a bug: ${error.message}` : error.message;
  const requestId = context['requestId'];
  if (format === 'json' || format === 'yaml') {
    return `${JSON.stringify({ code, message, hint, requestId, details: { ...context, ...details } })}\n`;
  }
  const lines = [`error: ${visible(message, 2_000)}`];
  if (hint !== undefined) lines.push(`  what to do: ${visible(hint, 2_000)}`);
  if (code === 'internal' && requestId !== undefined) lines.push(`  request ${requestId}`);
  return `${lines.join('\n')}\n`;
}
