import { ApiClient } from '../api-client.js';
import type { CliContext } from '../context.js';
import { issue } from '../follow-command.js';
import { type DrillTarget, roundsOf } from './prepare.js';
import type { DrillResult, DrillTerms } from './terms.js';
import { drillUplink } from './uplink.js';
import { detailsOf, hasBooted, newTroubles, untilWell } from './well-again.js';

const MINUTE_MS = 60_000;
const OFF_MS = 20_000;
const LIFT_MS_MAX = 5_000;
const REASON_LENGTH_MAX = 400;

/**
 * One round after another, each back before the next goes. Healing keeps its hands off meanwhile, until the drill is over or was
 * stopped; then whatever did not come back is healing's. Stops hard at the first problem, and when it is interrupted.
 */
export async function runDrill(
  context: CliContext,
  targets: readonly DrillTarget[],
  terms: DrillTerms,
): Promise<readonly DrillResult[]> {
  const { api } = context;
  const { site, kind } = terms;
  const reason = `drill ${kind}: ${terms.reason}`.slice(0, REASON_LENGTH_MAX);
  const rounds = roundsOf(kind, targets);
  const untilMs = context.nowMs() + rounds.length * roundMs(terms) + MINUTE_MS;
  const hold = await api.healing.hold({ kind: 'drill', scope: site, reason, untilMs });
  const results: DrillResult[] = [];
  const drillOne = kind === 'uplink' ? drillUplink : drillPower;
  try {
    for (const round of rounds) {
      const done = await Promise.all(round.map((target) => drillOne(context, target, { ...terms, reason })));
      results.push(...done);
      for (const { name, problem } of done) context.out(`${name}: ${problem === '' ? 'back' : problem}\n`);
      if (done.some(({ problem }) => problem !== '')) break;
    }
  } finally {
    await endHold(context, hold.id);
  }
  return results;
}

/** At most. An uplink goes away twice: once with another way left, once without. */
function roundMs({ kind, withinMs, awayMs }: DrillTerms): number {
  return kind === 'uplink' ? 2 * (awayMs + withinMs) + MINUTE_MS : withinMs + MINUTE_MS;
}

/** Also after Ctrl-C, which has ended everything that goes by the context's own signal. */
async function endHold(context: CliContext, id: string): Promise<void> {
  const api = new ApiClient(
    context.host.connect(context.where(), context.host.userName),
    AbortSignal.timeout(LIFT_MS_MAX),
  );
  await api.healing.lift(id).catch(() => undefined); // it ends by itself when its time is over
}

async function drillPower(context: CliContext, target: DrillTarget, terms: DrillTerms): Promise<DrillResult> {
  const { node, by, port, watched } = target;
  const before = await detailsOf(context, watched);
  const result = { name: node.name, backAfterMs: undefined, newTroubles: [], standby: 'worked' } as const;
  const startedMs = context.host.clock.monotonicMs();
  const order =
    port === ''
      ? ({ kind: 'reboot' } as const)
      : ({ kind: 'switch-power', port, action: 'cycle', offMs: OFF_MS, bootLeaseId: 'drill' } as const);
  const options = { reason: terms.reason, wait: true, timeout: terms.withinMs };
  const { exitCode, command } = await issue(context, by, order, options);
  if (exitCode !== 0) return { ...result, standby: 'failed', problem: `the order ended as ${command.state}` };
  const untilMs = startedMs + terms.withinMs;
  const { now, problem } = await untilWell(context, watched, untilMs, (all) => hasBooted(before[0], all[0]));
  if (problem !== '') return { ...result, problem };
  const backAfterMs = context.host.clock.monotonicMs() - startedMs;
  return { ...result, backAfterMs, problem: '', newTroubles: newTroubles(before, now) };
}
