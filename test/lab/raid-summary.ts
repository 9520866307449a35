import { AFTERWARDS, REPORT_MS_MAX, type Transition } from './raid-transitions.js';

export interface RaidSummary {
  readonly transitionsCount: number;
  /** Of those that happened while the agent ran. */
  readonly medianMs: number;
  readonly slowestMs: number;
  readonly acrossRestartsCount: number;
  readonly lateCount: number;
  readonly missedCount: number;
  readonly surplusCount: number;
  /** Each that is not as promised, in words. */
  readonly problems: readonly string[];
}

/** What a run comes to. While the agent was away nobody could tell: then it counts that it did so afterwards. */
export function summarise(transitions: readonly Transition[]): RaidSummary {
  const timely = transitions.filter(({ isAcrossRestart }) => !isAcrossRestart);
  const times = timely.flatMap(({ toldAfterMs }) => toldAfterMs ?? []).toSorted((a, b) => a - b);
  const sum = (of: (transition: Transition) => number): number =>
    transitions.reduce((total, each) => total + of(each), 0);
  return {
    transitionsCount: transitions.filter(({ step }) => step !== AFTERWARDS).length,
    medianMs: times[Math.floor(times.length / 2)] ?? 0,
    slowestMs: times.at(-1) ?? 0,
    acrossRestartsCount: transitions.length - timely.length,
    lateCount: times.filter((ms) => ms > REPORT_MS_MAX).length,
    missedCount: sum(({ missed }) => missed.length),
    surplusCount: sum(({ surplus }) => surplus.length),
    problems: transitions.flatMap((each) => problemOf(each) ?? []),
  };
}

function problemOf(transition: Transition): string | undefined {
  const { array, step, number, toldAfterMs = 0, isAcrossRestart, missed, surplus } = transition;
  const isLate = toldAfterMs > REPORT_MS_MAX && !isAcrossRestart;
  const words = [
    ...(isLate ? [`told after ${toldAfterMs} ms`] : []),
    ...(missed.length > 0 ? [`not told: ${missed.join(', ')}`] : []),
    ...(surplus.length > 0 ? [`told without cause, or once more: ${surplus.join(', ')}`] : []),
  ];
  return words.length === 0 ? undefined : `${array}, ${step} (${number}): ${words.join('; ')}`;
}
