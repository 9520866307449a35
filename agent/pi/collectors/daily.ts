import type { Collected, Collector, CollectorHost } from '../../kit/collect/collector.js';
import { noData } from '../../kit/collect/collector.js';
import { memoryRoomBytes } from './memory-room.js';

const DAY_MS = 86_400_000;
/** How often it is seen whether a day is over. */
const LOOK_MS = 900_000;
/** Neither a boot nor an agent that keeps dying is burdened with it. */
const START_DELAY_MS = LOOK_MS / 2;

export interface DailyQuestion {
  /** Name of the collector. */
  readonly name: string;
  /** The program that answers, for messages. */
  readonly program: string;
  readonly timeoutMs: number;
  /** Memory that the program takes: without so much room it is not started. */
  readonly neededBytes: number;
  ask(host: CollectorHost, signal: AbortSignal): Promise<Collected>;
}

/** Asks a program once a day, and not right after the start. An answer stands for a day, and so does a failure. */
export function makeDailyCollector({ name, program, timeoutMs, neededBytes, ask }: DailyQuestion): Collector {
  let firstMs: number | undefined;
  let last: { readonly atMs: number; readonly answer: Promise<Collected> } | undefined;
  return {
    name,
    intervalMs: LOOK_MS,
    timeoutMs,
    async collect(host, signal) {
      const nowMs = host.clock.monotonicMs();
      firstMs ??= nowMs;
      if (nowMs - firstMs < START_DELAY_MS) return noData(`${program} is not asked so soon after the start`);
      if (last !== undefined && nowMs - last.atMs < DAY_MS) return last.answer;
      const roomBytes = memoryRoomBytes(host.kernel);
      if (roomBytes !== undefined && roomBytes < neededBytes) return noData(`too little memory to ask ${program}`);
      last = { atMs: nowMs, answer: ask(host, signal) };
      return last.answer;
    },
  };
}
