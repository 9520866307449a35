import type { Random } from '../../proto/contract/random.js';
import type { PiSpec } from './pi-spec.js';

/** What trouble does to a machine while it lasts. */
export interface Influence {
  /** Added to the work, 0 to 1 of all processors. */
  readonly work: number;
  /** Added to the temperature in the end: a fan that stands still, the sun. */
  readonly celsius: number;
  /** Memory in use at least, 0 to 1. */
  readonly memoryRatio: number;
  /** Of the root filesystem in use at least, 0 to 1. */
  readonly diskRatio: number;
  readonly receiveErrorsPerS: number;
  readonly undervoltage: boolean;
  /** The card takes a second for every write. */
  readonly slowCard: boolean;
  /** The fileserver does not answer. */
  readonly nfsSilent: boolean;
}

export const NO_INFLUENCE: Influence = {
  ...{ work: 0, celsius: 0, memoryRatio: 0, diskRatio: 0, receiveErrorsPerS: 0 },
  ...{ undervoltage: false, slowCard: false, nfsSilent: false },
};

/** What changes on a running machine. Counters count from its boot. */
export interface MachineState {
  readonly atMs: number;
  /** Slow chance around the daily rhythm, about -1 to 1. */
  readonly walk: number;
  /** Work now, 0 to 1 of all processors. */
  readonly work: number;
  readonly celsius: number;
  readonly memoryRatio: number;
  readonly diskRatio: number;
  readonly busyTicks: number;
  readonly iowaitTicks: number;
  readonly idleTicks: number;
  readonly load1: number;
  readonly load5: number;
  readonly load15: number;
  readonly receivedBytes: number;
  readonly transmittedBytes: number;
  readonly receiveErrors: number;
  readonly writes: number;
  readonly writeMs: number;
  readonly diskBusyMs: number;
  readonly nfsOperations: number;
  /** Requests that the fileserver has not answered. */
  readonly nfsWaiting: number;
  /** get_throttled as it is now, and what was ever set in it since the boot. */
  readonly throttled: number;
  readonly throttledSeen: number;
}

/** Raspberry Pi documentation, "vcgencmd", get_throttled. */
const UNDERVOLTAGE = 1;
const FREQUENCY_CAPPED = 2;
const THROTTLED = 4;
const SOFT_LIMIT = 8;
/** Where every Pi slows down. */
export const THROTTLE_CELSIUS = 80;

const DAY_MS = 86_400_000;
const TICKS_PER_S = 100;
/** How quickly a small heat sink follows, s. */
const THERMAL_S = 45;

/** A machine that has been up for `uptimeMs`, with the counters that such a time leaves. */
export function bootedMachine(spec: PiSpec, nowMs: number, uptimeMs: number): MachineState {
  const uptimeS = uptimeMs / 1_000;
  const work = meanWork(spec, nowMs);
  const ticks = uptimeS * TICKS_PER_S * spec.board.cores;
  const load = work * spec.board.cores;
  return {
    ...{ atMs: nowMs, walk: 0, work, celsius: restCelsius(spec, work) },
    ...{ memoryRatio: spec.memoryRatio, diskRatio: spec.diskRatio, load1: load, load5: load, load15: load },
    ...{ busyTicks: ticks * work, iowaitTicks: ticks * 0.004, idleTicks: ticks * (1 - work - 0.004) },
    ...{ receivedBytes: uptimeS * 9_000, transmittedBytes: uptimeS * 3_000, receiveErrors: 0 },
    ...{ writes: uptimeS * 0.6, writeMs: uptimeS * 8, diskBusyMs: uptimeS * 6 },
    ...{ nfsOperations: uptimeS * 4, nfsWaiting: 0, throttled: 0, throttledSeen: 0 },
  };
}

/** The machine at `nowMs`, which is later. Pure but for the random numbers that it draws. */
export function advanceMachine(
  spec: PiSpec,
  before: MachineState,
  influence: Influence,
  at: { readonly nowMs: number; readonly random: Random },
): MachineState {
  const dtS = Math.max(0, at.nowMs - before.atMs) / 1_000;
  const work = nextWork(spec, before, influence, at, dtS);
  const celsius = towards(before.celsius, restCelsius(spec, work.ratio) + influence.celsius, dtS, THERMAL_S);
  const throttled = throttledBits(spec, celsius, influence);
  return {
    ...{ atMs: at.nowMs, walk: work.walk, work: work.ratio, celsius },
    memoryRatio: towards(
      before.memoryRatio,
      Math.max(spec.memoryRatio + 0.12 * work.ratio, influence.memoryRatio),
      dtS,
      20,
    ),
    diskRatio: towards(before.diskRatio, Math.max(spec.diskRatio, influence.diskRatio), dtS, 15),
    ...processor(spec, before, work.ratio, influence, dtS),
    ...traffic(before, work.ratio, influence, dtS),
    throttled,
    throttledSeen: before.throttledSeen | throttled,
  };
}

/** Quiet at night, most work in the early afternoon of the machine's own time. */
function meanWork({ work: { nightRatio, dayRatio } }: PiSpec, nowMs: number): number {
  const dayPart = (nowMs % DAY_MS) / DAY_MS;
  const rhythm = Math.max(0, Math.sin(Math.PI * 2 * (dayPart - 0.29)));
  return nightRatio + (dayRatio - nightRatio) * (0.35 + 0.65 * rhythm);
}

function nextWork(
  spec: PiSpec,
  { walk, work }: MachineState,
  influence: Influence,
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
  dtS: number,
): { readonly walk: number; readonly ratio: number } {
  const nextWalk = clamp(walk * Math.exp(-dtS / 240) + (random.unit() - 0.5) * Math.sqrt(dtS) * 0.3, -1, 1);
  const isBurst = random.unit() < dtS / 150;
  const wanted = meanWork(spec, nowMs) * (1 + 0.6 * nextWalk) + influence.work + (isBurst ? 0.4 : 0);
  return { walk: nextWalk, ratio: clamp(towards(work, wanted, dtS, isBurst ? 2 : 12), 0.005, 0.99) };
}

function restCelsius({ board }: PiSpec, work: number): number {
  return board.idleCelsius + board.workCelsius * work;
}

function throttledBits({ board }: PiSpec, celsius: number, { undervoltage }: Influence): number {
  const isHot = celsius >= THROTTLE_CELSIUS;
  const isWarm = board.softLimitCelsius !== undefined && celsius >= board.softLimitCelsius;
  return (
    (undervoltage ? UNDERVOLTAGE | THROTTLED : 0) |
    (isHot ? FREQUENCY_CAPPED | THROTTLED : 0) |
    (isWarm ? SOFT_LIMIT | FREQUENCY_CAPPED : 0)
  );
}

function processor({ board }: PiSpec, before: MachineState, work: number, influence: Influence, dtS: number) {
  const ticks = dtS * TICKS_PER_S * board.cores;
  const waiting = influence.slowCard || influence.nfsSilent ? Math.min(0.25, 1 - work) : 0.004;
  const busy = work * (1 - waiting);
  const load = work * board.cores + (waiting > 0.1 ? 2 : 0);
  return {
    busyTicks: before.busyTicks + ticks * busy,
    iowaitTicks: before.iowaitTicks + ticks * waiting,
    idleTicks: before.idleTicks + ticks * Math.max(0, 1 - busy - waiting),
    load1: towards(before.load1, load, dtS, 60),
    load5: towards(before.load5, load, dtS, 300),
    load15: towards(before.load15, load, dtS, 900),
  };
}

function traffic(before: MachineState, work: number, influence: Influence, dtS: number) {
  const writes = dtS * (influence.slowCard ? 1.5 : 0.4 + 2 * work);
  const waitMs = influence.slowCard ? 900 : 12;
  return {
    receivedBytes: before.receivedBytes + dtS * (2_000 + 180_000 * work * (1 + before.walk)),
    transmittedBytes: before.transmittedBytes + dtS * (1_200 + 45_000 * work * (1 + before.walk)),
    receiveErrors: before.receiveErrors + dtS * influence.receiveErrorsPerS,
    writes: before.writes + writes,
    writeMs: before.writeMs + writes * waitMs,
    diskBusyMs: before.diskBusyMs + Math.min(dtS * 990, writes * waitMs * 0.8),
    nfsOperations: before.nfsOperations + (influence.nfsSilent ? 0 : dtS * (2 + 20 * work)),
    nfsWaiting: influence.nfsSilent ? Math.max(1, before.nfsWaiting) : 0,
  };
}

/** Follows a value with a time constant. */
function towards(from: number, to: number, dtS: number, constantS: number): number {
  return to + (from - to) * Math.exp(-dtS / constantS);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
