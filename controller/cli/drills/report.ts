import { visible } from '../../../proto/contract/visible.js';
import { renderDuration } from '../../../proto/contract/words.js';
import type { DrillTarget } from './prepare.js';
import type { DrillResult, DrillTerms } from './terms.js';

/** The three questions of a drill, answered. */
interface DrillReport {
  readonly kind: DrillTerms['kind'];
  readonly site: string;
  readonly asked: number;
  readonly results: readonly DrillResult[];
  /** Whoever had to help was there and worked, where there is one. */
  readonly standbyWorked: boolean;
  /** Who has none. */
  readonly withoutStandby: readonly string[];
  readonly fastEnough: boolean;
  readonly slowestMs: number | undefined;
  readonly everythingRecovered: boolean;
  readonly passed: boolean;
}

export function reportOf(
  { kind, site, withinMs }: DrillTerms,
  targets: readonly DrillTarget[],
  results: readonly DrillResult[],
): DrillReport {
  const times = results.flatMap(({ backAfterMs }) => (backAfterMs === undefined ? [] : [backAfterMs]));
  const slowestMs = times.length === 0 ? undefined : Math.max(...times);
  const isWhole = results.length === targets.length;
  const standbyWorked = isWhole && results.every(({ standby }) => standby !== 'failed');
  const withoutStandby = results.filter(({ standby }) => standby === 'none').map(({ name }) => name);
  const fastEnough = isWhole && times.length === results.length && (slowestMs ?? Infinity) <= withinMs;
  const everythingRecovered =
    fastEnough && results.every(({ problem, newTroubles }) => problem === '' && newTroubles.length === 0);
  const passed = standbyWorked && fastEnough && everythingRecovered;
  return {
    ...{ kind, site, asked: targets.length, results, standbyWorked, withoutStandby, fastEnough, slowestMs },
    ...{ everythingRecovered, passed },
  };
}

const yes = (is: boolean): string => (is ? 'yes' : 'NO');

function standbyText(
  { kind, results, standbyWorked, withoutStandby }: DrillReport,
  targets: readonly DrillTarget[],
): string {
  if (kind !== 'uplink') {
    const helpers = [...new Set(targets.map(({ by }) => visible(by.name)))].join(', ');
    return `${yes(standbyWorked)}: ${helpers} carried the orders out`;
  }
  const alone = withoutStandby.map((name) => visible(name)).join(', ');
  if (standbyWorked && withoutStandby.length === results.length) {
    return `there is none: ${alone}: one address of a controller only`;
  }
  const worked = results.filter(({ standby }) => standby === 'worked').length;
  const rest = alone === '' ? '' : `; none for ${alone}: one address of a controller only`;
  return `${yes(standbyWorked)}: ${worked} of ${targets.length} came back over another address${rest}`;
}

export function reportText(report: DrillReport, targets: readonly DrillTarget[], withinMs: number): string {
  const { results, slowestMs, fastEnough, everythingRecovered } = report;
  const slowest = slowestMs === undefined ? 'nothing came back' : `the slowest took ${renderDuration(slowestMs)}`;
  const left = targets.length - results.length;
  const troubles = results.flatMap(({ newTroubles }) => newTroubles).map((one) => visible(one));
  return [
    `Was the standby current and working?  ${standbyText(report, targets)}`,
    `Was it fast enough?                   ${yes(fastEnough)}: ${slowest}, the limit is ${renderDuration(withinMs)}`,
    `Did every service recover?            ${yes(everythingRecovered)}${troubles.length === 0 ? '' : `: new since: ${troubles.join(', ')}`}`,
    ...results
      .filter(({ problem }) => problem !== '')
      .map(({ name, problem }) => `Stopped at ${visible(name)}: ${visible(problem)}`),
    ...(left === 0 ? [] : [`Not touched: ${left} of ${targets.length}`]),
    report.passed ? 'The drill went well.' : 'The drill FAILED: what did not come back is healing’s now.',
  ].join('\n');
}
