import { BrambleError } from '../../../proto/contract/errors.js';
import type { Collector } from '../../kit/collect/collector.js';
import { noData, ok } from '../../kit/collect/collector.js';
import { parseMountInfo } from '../../kit/collectors/mount-table.js';
import { Samples } from '../../kit/collectors/sample.js';
import type { Files, KernelFiles } from '../../kit/host/ports.js';

/** As card_verify_state carries it. */
const VERIFY = { kept: 1, lost: 2, notYet: 3 } as const;
type VerifyState = (typeof VERIFY)[keyof typeof VERIFY];

/** Four pairs of small files a day: nothing beside what a card takes in a minute of logging. */
const INTERVAL_MS = 6 * 3_600_000;
const TIMEOUT_MS = 120_000;
/** More than a card keeps in one flash page, so that a page that was torn shows. */
const PATTERN_CHARACTERS = 24_576;

/** What was written last. The pattern follows from the sequence, so that damage shows without a second copy. */
export interface Nonce {
  readonly sequence: number;
  readonly bootId: string;
  /** What was found when this boot looked first. */
  readonly state: VerifyState;
}

export function renderNonce(nonce: Nonce): string {
  return `${JSON.stringify(nonce)}\n${patternOf(nonce.sequence)}\n`;
}

/** `undefined` for anything but a whole record as it was written. */
export function parseNonce(text: string): Nonce | undefined {
  const [head = '', pattern, ...rest] = text.split('\n');
  let fields: unknown;
  try {
    fields = JSON.parse(head);
  } catch {
    return undefined;
  }
  if (typeof fields !== 'object' || fields === null) return undefined;
  const { sequence, bootId, state } = { sequence: 0, bootId: '', state: 0, ...fields };
  const known = Object.values(VERIFY).find((each) => each === state);
  const isWhole = Number.isSafeInteger(sequence) && sequence > 0 && typeof bootId === 'string' && known !== undefined;
  if (!isWhole || pattern !== patternOf(sequence) || rest.length !== 1 || rest[0] !== '') return undefined;
  return { sequence, bootId, state: known };
}

/** Numbers of a linear congruential generator (Numerical Recipes, ranqd1) that starts with the sequence, in hex. */
function patternOf(sequence: number): string {
  let text = '';
  let state = sequence >>> 0;
  while (text.length < PATTERN_CHARACTERS) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += state.toString(16).padStart(8, '0');
  }
  return text;
}

/** What was found of one of the two files. */
type Found = Nonce | 'absent' | 'damaged';

/**
 * What the two files tell after a boot. The first one is always synced before the second one is begun: a card that keeps what it
 * acknowledged shows the same number in both, or one more in the first. Files are replaced whole, so that no cut leaves half of one.
 */
export function judgeNonces(first: Found, second: Found): VerifyState {
  if (first === 'absent' && second === 'absent') return VERIFY.notYet;
  if (first === 'absent' || first === 'damaged' || second === 'damaged') return VERIFY.lost;
  const ahead = first.sequence - (second === 'absent' ? 0 : second.sequence);
  return ahead === 0 || ahead === 1 ? VERIFY.kept : VERIFY.lost;
}

export interface WriteVerifyOptions {
  readonly files: Files;
  /** Where the agent keeps its state: what is verified is the storage below it. */
  readonly stateDir: string;
  readonly bootId: string;
}

/**
 * Writes a number that nobody needs, has it synced, and looks for it after the next boot: cards acknowledge what they have not
 * written, and it shows when the power goes. The number is reported only once it is synced, so that the controller notices one
 * that steps back, too. Off unless the configuration asks for it.
 */
export function makeWriteVerifyCollector({ files, stateDir, bootId }: WriteVerifyOptions): Collector {
  const paths = [`${stateDir}/verify-first`, `${stateDir}/verify-second`] as const;
  let last: Nonce | undefined;
  const find = async (path: string): Promise<Found> => {
    const text = await files.readText(path);
    return text === undefined ? 'absent' : (parseNonce(text) ?? 'damaged');
  };
  const lookBack = async (): Promise<Nonce> => {
    const [first, second] = [await find(paths[0]), await find(paths[1])];
    const known = [first, second].filter((found) => typeof found === 'object');
    const sequence = Math.max(0, ...known.map((found) => found.sequence));
    // Within one boot the kernel answers from memory: nothing is proven, and what was found at its start stands.
    const sameBoot = known.find((found) => found.bootId === bootId);
    return { sequence, bootId, state: sameBoot?.state ?? judgeNonces(first, second) };
  };
  return {
    name: 'write-verify',
    intervalMs: INTERVAL_MS,
    timeoutMs: TIMEOUT_MS,
    async collect({ kernel }) {
      const device = deviceBelow(stateDir, kernel);
      if (device === undefined) return noData('the state of the agent is on no card or disk of its own');
      last ??= await lookBack();
      const next = { ...last, sequence: last.sequence + 1 };
      for (const path of paths) await files.writeAtomic(path, renderNonce(next));
      last = next;
      const samples = new Samples();
      samples.number('card_verify_state', last.state, device);
      samples.number('card_verify_sequence_count', last.sequence, device);
      return ok(samples.list);
    },
  };
}

/** Whole device under a path, such as "mmcblk0"; `undefined` for network filesystems and what has no device. */
function deviceBelow(path: string, kernel: KernelFiles): string | undefined {
  const table = kernel.readText('/proc/self/mountinfo');
  if (table === undefined) throw new BrambleError('unsupported', 'the kernel shows no mount table');
  const isBelow = (mountPoint: string): boolean =>
    path === mountPoint || path.startsWith(mountPoint === '/' ? '/' : `${mountPoint}/`);
  const mounts = parseMountInfo(table).filter(({ mountPoint }) => isBelow(mountPoint));
  const deepest = Math.max(...mounts.map(({ mountPoint }) => mountPoint.length));
  const source = mounts.findLast(({ mountPoint }) => mountPoint.length === deepest)?.source ?? '';
  const [, whole] = /^\/dev\/((?:mmcblk\d+|nvme\d+n\d+)(?=p\d+$|$)|(?:sd|vd)[a-z]+(?=\d*$))/.exec(source) ?? [];
  return whole;
}
