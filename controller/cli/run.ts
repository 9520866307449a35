import { Command, Option } from 'commander';
import { VERSION } from '../../proto/contract/build.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { visible } from '../../proto/contract/visible.js';
import { ApiClient } from './api-client.js';
import { registerApiToken } from './commands/api-token.js';
import { registerAudit } from './commands/audit.js';
import { registerBackup } from './commands/backup.js';
import { registerCommand } from './commands/command.js';
import { registerCompletion } from './commands/completion.js';
import { registerContext } from './commands/context.js';
import { registerDemo } from './commands/demo.js';
import { registerDescribe } from './commands/describe.js';
import { registerDoctor } from './commands/doctor.js';
import { registerDrill } from './commands/drill.js';
import { registerEnrol } from './commands/enrol.js';
import { registerEvents } from './commands/events.js';
import { registerGet } from './commands/get.js';
import { registerHealing } from './commands/healing.js';
import { registerImage } from './commands/image.js';
import { registerIncident } from './commands/incident.js';
import { registerLoginLink } from './commands/login-link.js';
import { registerNode } from './commands/node.js';
import { withFileOption } from './commands/node-actions.js';
import { registerOverlay } from './commands/overlay.js';
import { registerPower } from './commands/power.js';
import { registerRaid } from './commands/raid.js';
import type { RunCommand } from './commands/register.js';
import { registerRollout } from './commands/rollout.js';
import { registerRoots } from './commands/roots.js';
import { registerSite } from './commands/site.js';
import { registerSwitch } from './commands/switch.js';
import { registerToken } from './commands/token.js';
import { registerTop } from './commands/top.js';
import { registerPlacement, registerTopology, registerWhatIf } from './commands/topology.js';
import { registerUser } from './commands/user.js';
import { registerWatch } from './commands/watch.js';
import { registerWhy } from './commands/why.js';
import type { CliContext, CliHost } from './context.js';
import { EXIT, exitCodeOf, isUsageError } from './errors.js';
import { OUTPUT_FORMATS, type OutputFormat, renderJsonLine, type Screen } from './output.js';
import { type WhereOptions, whereOf } from './where.js';

/** Adding a noun is one file and one line here. */
const NOUNS = [
  registerGet,
  registerDescribe,
  registerEvents,
  registerToken,
  registerEnrol,
  registerNode,
  registerSite,
  registerRaid,
  registerImage,
  registerRoots,
  registerSwitch,
  registerOverlay,
  registerPower,
  registerIncident,
  registerDrill,
  registerDemo,
  registerHealing,
  registerRollout,
  registerTopology,
  registerWhatIf,
  registerPlacement,
  registerCommand,
  registerUser,
  registerApiToken,
  registerLoginLink,
  registerAudit,
  registerBackup,
  registerWhy,
  registerDoctor,
  registerTop,
  registerWatch,
  registerContext,
  registerCompletion,
] as const;

interface GlobalOptions extends WhereOptions {
  readonly output: OutputFormat;
  readonly color: boolean;
}

/** Runs one command line; the answer is the exit code. Standard output stays empty on failure. */
export async function runCli(argv: readonly string[], host: CliHost, signal: AbortSignal): Promise<number> {
  let exitCode: number = EXIT.ok;
  let complaint = '';
  const program = makeProgram(host, (text) => {
    complaint += text;
  });
  const run: RunCommand = async (work) => {
    exitCode = await work(makeContext(program.opts<GlobalOptions>(), host, signal));
  };
  for (const register of NOUNS) register(program, run);
  try {
    await program.parseAsync(withFileOption(argv), { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (isUsageError(thrown)) {
      host.err(renderUsage(complaint, program.opts<GlobalOptions>().output));
      return EXIT.usage;
    }
    if (thrown instanceof Error && 'exitCode' in thrown && thrown.exitCode === 0) return EXIT.ok; // --help, --version
    if (signal.aborted) return EXIT.interrupted;
    const error = BrambleError.from(thrown);
    host.err(renderError(error, program.opts<GlobalOptions>().output));
    return exitCodeOf(error);
  }
}

/** `complain` gets what commander has to say of wrong words, for whoever renders it. */
function makeProgram(host: CliHost, complain: (text: string) => void): Command {
  return new Command('bramble')
    .description('See and steer a fleet of Raspberry Pis')
    .version(VERSION)
    .addOption(new Option('-o, --output <format>', 'how to print').choices(OUTPUT_FORMATS).default('table'))
    .option('--socket <path>', 'administrator’s socket of the controller ($BRAMBLE_SOCKET)')
    .option('--server <url>', 'the page’s address instead, with an API token ($BRAMBLE_SERVER)')
    .option('--token-file <path>', 'file that holds the API token for --server ($BRAMBLE_TOKEN_FILE)')
    .option('--ca <path>', 'PEM file of the authority that signed the page’s certificate, for --server https://…')
    .option('--context <name>', 'a controller by its name in the config file ($BRAMBLE_CONTEXT)')
    .option('--no-color', 'no colours; NO_COLOR=1 does the same')
    .exitOverride()
    .configureOutput({ writeOut: (text) => host.out(text), writeErr: complain })
    .showHelpAfterError('(--help lists what there is)');
}

function makeContext(options: GlobalOptions, host: CliHost, signal: AbortSignal): CliContext {
  return {
    // Only when it is wanted: what needs no controller works with a config file that names none.
    get api() {
      return new ApiClient(host.connect(whereOf(options, host), host.userName), signal);
    },
    where: () => whereOf(options, host),
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

/** Commander's words, with its suggestion, or the envelope of them. */
function renderUsage(complaint: string, format: OutputFormat): string {
  if (format !== 'json' && format !== 'yaml') return complaint;
  const lines = complaint.split('\n').filter((line) => line !== '');
  const [first = 'wrong usage', ...more] = lines.filter((line) => !line.startsWith('(--help'));
  const suggestion = /^\((Did you mean .*)\)$/.exec(more[0] ?? '')?.[1];
  const hint = suggestion ?? '--help lists what there is';
  const message = first.replace(/^error: /, '');
  return `${renderJsonLine({ code: 'invalid-argument', message, hint, details: {} })}\n`;
}

/** For people by default; the envelope when the output is for programs too. */
function renderError(error: BrambleError, format: OutputFormat): string {
  const { code, hint, context, details } = error;
  const message = code === 'internal' ? `this is a bug: ${error.message}` : error.message;
  const requestId = context['requestId'];
  if (format === 'json' || format === 'yaml') {
    return `${renderJsonLine({ code, message, hint, requestId, details: { ...context, ...details } })}\n`;
  }
  const lines = [`error: ${visible(message, 2_000)}`];
  if (hint !== undefined) lines.push(`  what to do: ${visible(hint, 2_000)}`);
  if (code === 'internal' && requestId !== undefined) lines.push(`  request ${requestId}`);
  return `${lines.join('\n')}\n`;
}
