import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../../proto/contract/build.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { pathsIn } from './files.js';
import { parseFlags, type QuickstartFlags, USAGE } from './flags.js';
import { Quickstart } from './quickstart.js';

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let flags: QuickstartFlags;
  try {
    flags = parseFlags(argv);
  } catch (thrown) {
    sayError(thrown);
    return 2;
  }
  if (flags.mode !== 'run') {
    console.log(flags.mode === 'help' ? USAGE : VERSION);
    return 0;
  }
  return run(flags);
}

async function run(flags: QuickstartFlags): Promise<number> {
  const distDir = fileURLToPath(new URL('.', import.meta.url));
  const paths = pathsIn(resolve(flags.data));
  const quickstart = new Quickstart({ flags, paths, distDir, say: (line) => console.error(line) });
  const ending = new AbortController();
  const asked = endAsked(ending, () => {
    quickstart.kill();
  });
  try {
    const url = await quickstart.start(ending.signal);
    console.log(`Bramble is up: ${url}`);
    console.log(`Sign in with this link, once, within the hour: ${url}${await quickstart.loginPath(ending.signal)}`);
    console.log(hint(distDir, flags.data, paths.adminSocket));
    await asked;
    return 0;
  } catch (thrown) {
    if (ending.signal.aborted) return 0; // Ctrl-C during the start
    sayError(thrown);
    return 1;
  } finally {
    await quickstart.stop();
  }
}

/** Resolves at the first Ctrl-C (or when the terminal goes away); the second one does not wait any more. */
function endAsked(ending: AbortController, onImpatience: () => void): Promise<void> {
  return new Promise((done) => {
    const ask = (): void => {
      if (ending.signal.aborted) onImpatience();
      ending.abort();
      done();
    };
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, ask);
  });
}

function hint(distDir: string, data: string, adminSocket: string): string {
  const bramble = `node ${relative(process.cwd(), distDir)}/bramble.mjs${data === '.bramble' ? '' : ` --socket ${adminSocket}`}`;
  return [
    'Try, in another terminal:',
    `  ${bramble} get nodes`,
    `  ${bramble} demo break hang`,
    `  ${bramble} login-link`,
    `  ${bramble} node restart-unit NAME bramble-example.service`,
    'Ctrl-C ends it; the next start goes on with the same data.',
  ].join('\n');
}

function sayError(thrown: unknown): void {
  const error = BrambleError.from(thrown);
  console.error(`Bramble did not start: ${error.message}`);
  if (error.hint !== undefined) console.error(`What to do: ${error.hint}`);
  if (error.code === 'internal') console.error(error.stack);
}
