import { type Random, randomBelow } from '../../proto/contract/random.js';
import type { Influence } from './machine.js';
import type { PiSpec } from './pi-spec.js';
import { FILESERVER } from './proc-files.js';

/** One kind of small trouble: it comes and goes by itself. */
export interface TroubleKind {
  /** Shortest and longest time that it lasts, s. */
  readonly lastsS: readonly [number, number];
  /** How long a Pi still looks troubled afterwards: what is judged over minutes stays for minutes, s. */
  readonly lingersS: number;
  readonly fits: (spec: PiSpec) => boolean;
  readonly influence: Partial<Influence>;
  /** What the kernel says about it. */
  readonly says?: {
    readonly first?: string;
    readonly again?: { readonly everyS: number; readonly line: string };
    readonly last?: string;
  };
  /** It is remembered for an hour, so that it comes seldom, and to one Pi at a time. */
  readonly isRare?: true;
  /** What happens to its link. */
  readonly link?: 'down' | 'flapping';
  /** It loses its power and starts anew. */
  readonly powerCut?: true;
}

const always = (): boolean => true;
const hasCard = ({ card }: PiSpec): boolean => card !== undefined;
const isWired = ({ board }: PiSpec): boolean => board.ethernet !== undefined;

export const TROUBLES = {
  hot: {
    ...{ lastsS: [180, 360], lingersS: 60, fits: ({ board }: PiSpec) => board.idleCelsius >= 42 },
    influence: { work: 0.5, celsius: 26 },
  },
  undervoltage: {
    ...{ lastsS: [60, 150], lingersS: 3_600, isRare: true, fits: ({ board }: PiSpec) => board.system !== 'armv6l' },
    influence: { undervoltage: true, work: 0.3 },
    says: { first: 'hwmon hwmon1: Undervoltage detected!', last: 'hwmon hwmon1: Voltage normalised' },
  },
  'slow-card': {
    ...{ lastsS: [60, 150], lingersS: 3_600, isRare: true, fits: hasCard, influence: { slowCard: true } },
    says: { again: { everyS: 20, line: 'mmc0: Timeout waiting for hardware interrupt.' } },
  },
  'link-lost': { lastsS: [55, 90], lingersS: 10, fits: always, influence: {}, link: 'down' },
  'link-flapping': { lastsS: [60, 100], lingersS: 240, fits: isWired, influence: {}, link: 'flapping' },
  'power-cut': { lastsS: [30, 50], lingersS: 10, fits: always, influence: {}, powerCut: true },
  'disk-full': { lastsS: [240, 420], lingersS: 60, fits: hasCard, influence: { diskRatio: 0.945 } },
  'memory-full': { lastsS: [240, 400], lingersS: 20, fits: always, influence: { memoryRatio: 0.93, work: 0.1 } },
  'bad-cable': { lastsS: [90, 150], lingersS: 240, fits: isWired, influence: { receiveErrorsPerS: 2 } },
  /** Only when somebody breaks it, and until somebody comes. */
  'card-dying': {
    ...{ lastsS: [86_400, 86_400], lingersS: 0, isRare: true, fits: (): boolean => false, influence: {} },
    says: { again: { everyS: 8, line: 'mmc0: Timeout waiting for hardware interrupt.' } },
  },
  'nfs-silent': {
    ...{ lastsS: [60, 120], lingersS: 10, fits: ({ card }: PiSpec) => card === undefined },
    influence: { nfsSilent: true },
    says: {
      first: `nfs: server ${FILESERVER} not responding, still trying`,
      last: `nfs: server ${FILESERVER} OK`,
    },
  },
} as const satisfies Record<string, TroubleKind>;

export type TroubleName = keyof typeof TROUBLES;

/** One trouble of one Pi. */
export interface Trouble {
  readonly name: TroubleName;
  readonly startedAtMs: number;
  readonly endsAtMs: number;
  /** Until then nothing new happens to this Pi. */
  readonly quietUntilMs: number;
}

/** How many of so many Pis may be in trouble at a time, beside one that is remembered for longer. */
export function troublesMax(pis: number): number {
  return Math.max(1, Math.round(pis / 10));
}

/** Mean time to the next trouble when `running` Pis are in one already, s: a newcomer shall not wait, nor be overrun. */
function meanWaitS(running: number): number {
  return running === 0 ? 20 : 60;
}

/** A site as the planner sees it: each Pi and the last trouble that it had. */
export interface PlannedPi {
  readonly spec: PiSpec;
  readonly trouble: Trouble | undefined;
}

/** What begins in the `elapsedMs` that ended now; `undefined` most of the time. */
export function planTrouble(
  pis: readonly PlannedPi[],
  at: { readonly nowMs: number; readonly elapsedMs: number; readonly random: Random },
): { readonly index: number; readonly trouble: Trouble } | undefined {
  const { nowMs, elapsedMs, random } = at;
  const isQuiet = ({ trouble }: PlannedPi): boolean => trouble === undefined || nowMs >= trouble.quietUntilMs;
  const running = pis.filter((pi) => !isQuiet(pi));
  const brief = running.filter(({ trouble }) => trouble !== undefined && !isRare(trouble.name)).length;
  if (brief >= troublesMax(pis.length)) return undefined;
  if (random.unit() >= elapsedMs / 1_000 / meanWaitS(brief)) return undefined;
  const index = randomBelow(random, pis.length);
  const pi = pis[index];
  if (pi === undefined || !isQuiet(pi)) return undefined;
  // Not what somebody else has already: the page shall show different things.
  const taken = new Set(running.map(({ trouble }) => trouble?.name));
  const isRareNow = random.unit() < RARE_SHARE && running.length === brief;
  const names = TROUBLE_NAMES.filter(
    (name) => TROUBLES[name].fits(pi.spec) && !taken.has(name) && isRare(name) === isRareNow,
  );
  const name = names[randomBelow(random, names.length)];
  return name === undefined ? undefined : { index, trouble: makeTrouble(name, nowMs, random) };
}

/** How many of all troubles are rare ones. */
const RARE_SHARE = 0.08;

function isRare(name: TroubleName): boolean {
  const kind: TroubleKind = TROUBLES[name];
  return kind.isRare === true;
}

const TROUBLE_NAMES = Object.keys(TROUBLES) as readonly TroubleName[]; // Object.keys widens the keys

function makeTrouble(name: TroubleName, nowMs: number, random: Random): Trouble {
  const { lastsS, lingersS } = TROUBLES[name];
  const endsAtMs = nowMs + 1_000 * (lastsS[0] + (lastsS[1] - lastsS[0]) * random.unit());
  return { name, startedAtMs: nowMs, endsAtMs, quietUntilMs: endsAtMs + lingersS * 1_000 };
}
