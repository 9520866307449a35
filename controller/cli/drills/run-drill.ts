import type { NodeDetail, NodeView } from '../../../proto/contract/api/fleet.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { ApiClient } from '../api-client.js';
import type { CliContext } from '../context.js';
import { issue } from '../follow-command.js';
import type { DrillKind, DrillTarget } from './prepare.js';

/** What came of one target. */
export interface DrillResult {
  readonly name: string;
  /** From the order until everybody who was watched was well again; `undefined` = they were not. */
  readonly backAfterMs: number | undefined;
  /** Empty = it went well. */
  readonly problem: string;
  /** Troubles that were not there before. */
  readonly newTroubles: readonly string[];
}

export interface DrillTerms {
  readonly kind: DrillKind;
  readonly site: string;
  readonly withinMs: number;
  readonly reason: string;
}

const LOOK_MS = 2_000;
const MINUTE_MS = 60_000;
const OFF_MS = 20_000;
const LIFT_MS_MAX = 5_000;
const REASON_LENGTH_MAX = 400;

/**
 * One target after another, each back before the next goes. Healing keeps its hands off meanwhile, until the drill is over or was
 * stopped; then whatever did not come back is healing's. Stops hard at the first problem, and when it is interrupted.
 */
export async function runDrill(
  context: CliContext,
  targets: readonly DrillTarget[],
  terms: DrillTerms,
): Promise<readonly DrillResult[]> {
  const { api } = context;
  const { site, kind, withinMs } = terms;
  const reason = `drill ${kind}: ${terms.reason}`.slice(0, REASON_LENGTH_MAX);
  const untilMs = context.nowMs() + targets.length * (withinMs + MINUTE_MS) + MINUTE_MS;
  const hold = await api.healing.hold({ kind: 'drill', scope: site, reason, untilMs });
  const results: DrillResult[] = [];
  try {
    for (const target of targets) {
      const result = await drillOne(context, target, { ...terms, reason });
      results.push(result);
      context.out(`${result.name}: ${result.problem === '' ? 'back' : result.problem}\n`);
      if (result.problem !== '') break;
    }
  } finally {
    await endHold(context, hold.id);
  }
  return results;
}

/** Also after Ctrl-C, which has ended everything that goes by the context's own signal. */
async function endHold(context: CliContext, id: string): Promise<void> {
  const api = new ApiClient(
    context.host.connect(context.where(), context.host.userName),
    AbortSignal.timeout(LIFT_MS_MAX),
  );
  await api.healing.lift(id).catch(() => undefined); // it ends by itself when its time is over
}

async function drillOne(context: CliContext, target: DrillTarget, terms: DrillTerms): Promise<DrillResult> {
  const { api, host, signal } = context;
  const { node, by, port, watched } = target;
  const before = await Promise.all(watched.map(({ id }) => api.node(id)));
  const failed = (problem: string): DrillResult => ({
    name: node.name,
    backAfterMs: undefined,
    problem,
    newTroubles: [],
  });
  const startedMs = host.clock.monotonicMs();
  const order =
    port === ''
      ? ({ kind: 'reboot' } as const)
      : ({ kind: 'switch-power', port, action: 'cycle', offMs: OFF_MS, bootLeaseId: 'drill' } as const);
  const options = { reason: terms.reason, wait: true, timeout: terms.withinMs };
  const { exitCode, command } = await issue(context, by, order, options);
  if (exitCode !== 0) return failed(`the order ended as ${command.state}`);
  for (;;) {
    const tookMs = host.clock.monotonicMs() - startedMs;
    const now = await Promise.all(watched.map(({ id }) => api.node(id)));
    if (isBack(before, now)) {
      return { name: node.name, backAfterMs: tookMs, problem: '', newTroubles: newTroubles(before, now) };
    }
    if (tookMs >= terms.withinMs) {
      const missing = now.filter((one) => one.state !== 'ready').map(({ name }) => name);
      return failed(`not well again in time: ${missing.length === 0 ? node.name : missing.join(', ')}`);
    }
    await host.sleep(LOOK_MS, signal);
  }
}

/** The first of them has booted since, and everybody is ready. */
function isBack(before: readonly NodeDetail[], now: readonly NodeDetail[]): boolean {
  const [was, is] = [before[0], now[0]];
  if (was === undefined || is === undefined) throw new BrambleError('internal', 'a drill without a node');
  const hasBooted = is.bootedAtMs !== undefined && is.bootedAtMs !== was.bootedAtMs;
  return hasBooted && now.every(({ state, liveness }) => state === 'ready' && liveness === 'fresh');
}

function newTroubles(before: readonly NodeDetail[], now: readonly NodeDetail[]): readonly string[] {
  const keyOf = ({ name }: NodeView, type: string): string => `${name}: ${type}`;
  const known = new Set(before.flatMap((node) => node.conditions.map(({ type }) => keyOf(node, type))));
  return now.flatMap((node) => node.conditions.map(({ type }) => keyOf(node, type))).filter((key) => !known.has(key));
}
