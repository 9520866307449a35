import path from 'node:path';
import { parseArgs } from 'node:util';
import { exec } from '../build/exec.js';
import type { Rack } from '../rack.js';
import { captureScript, parseCapture, type Recording, writeRecording } from './record.js';
import { SCENES, type Scene } from './scenes.js';
import { CAPTURE_SOURCES, type CaptureSource } from './sources.js';

const SCRIPT_LIMIT_MS = 300_000;
const CAPTURE_LIMIT_MS = 300_000;

const KINDS = Object.entries(CAPTURE_SOURCES)
  .map(([kind, { what }]) => `  ${kind.padEnd(14)} ${what}`)
  .join('\n');

const USAGE = `usage: npm run lab -- capture KIND --guest NAME --out DIR [--note TEXT]   from a guest of the rack
       npm run lab -- capture KIND --local --out DIR [--note TEXT]        from this machine
       npm run lab -- capture scenes --out DIR [--only WORD]              puts the rack into every state and records each

KIND:
${KINDS}
`;

/** `npm run lab -- capture`: returns the exit status. */
export async function capture(args: readonly string[], openRack: () => Rack): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      guest: { type: 'string' },
      local: { type: 'boolean', default: false },
      out: { type: 'string' },
      note: { type: 'string', default: 'To be said here: what was done before, and what was scrubbed.' },
      only: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  });
  const [kind = ''] = positionals;
  const { guest, local: isLocal, out, note, only, help } = values;
  if (help || out === undefined) {
    process.stderr.write(USAGE);
    return help ? 0 : 2;
  }
  if (kind === 'scenes') return captureScenes(openRack(), out, only);
  const source = sourceOf(kind);
  if (isLocal === (guest !== undefined)) throw new Error('capture takes either --guest NAME or --local');
  const recording =
    guest === undefined
      ? parseCapture(await exec('sh', ['-c', captureScript(source)], { limitMs: CAPTURE_LIMIT_MS }))
      : await recordGuest(openRack(), guest, source);
  say(writeRecording(recording, { what: source.what, how: note }, out).map((file) => path.join(out, file)));
  return 0;
}

function sourceOf(kind: string): CaptureSource {
  const source = CAPTURE_SOURCES[kind];
  if (source === undefined) throw new Error(`unknown kind ${kind}; there are:\n${KINDS}`);
  return source;
}

async function recordGuest(rack: Rack, guest: string, source: CaptureSource): Promise<Recording> {
  const script = captureScript(source);
  // What is to be recorded may be that a root is gone.
  return parseCapture(
    source.needsRoot === false
      ? await rack.runWithoutRoot(guest, script, CAPTURE_LIMIT_MS)
      : await rack.run(guest, script, CAPTURE_LIMIT_MS),
  );
}

async function captureScenes(rack: Rack, out: string, only: string): Promise<number> {
  for (const scene of SCENES.filter(({ kind, name }) => `${kind}/${name}`.includes(only))) {
    say([await play(rack, scene, path.join(out, scene.kind, scene.name))]);
  }
  return 0;
}

async function play(rack: Rack, scene: Scene, dir: string): Promise<string> {
  const { kind, guest, how, script, after } = scene;
  await scene.act?.(rack);
  if (script !== undefined) {
    const { status, err } = await rack.tryRun(guest, script, SCRIPT_LIMIT_MS);
    if (status !== 0) say([`${dir}: its script ended with status ${status}: ${err.trim()}`]);
  }
  const source = sourceOf(kind);
  const where = `An emulated machine of the virtual rack (QEMU): its ${guest.replace(/\d/, '')}. Nothing was scrubbed.`;
  writeRecording(await recordGuest(rack, guest, source), { what: source.what, how: `${how} ${where}` }, dir);
  if (after !== undefined) await rack.run(guest, after, SCRIPT_LIMIT_MS);
  await scene.restore?.(rack);
  return dir;
}

const say = (lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`);
