import type { CommandView } from '../../../proto/contract/api/fleet.js';
import type { CliContext } from '../context.js';
import { issue } from '../follow-command.js';
import type { DrillTarget } from './prepare.js';
import type { DrillResult, DrillTerms } from './terms.js';
import { detailsOf, hasBooted, newTroubles, untilWell } from './well-again.js';

/**
 * The agent acts as though its uplink were gone, and comes back by its own clock: first as though its present way were gone, so that
 * another one must do, then wholly. That the order itself is told as done is the proof that what waits in the outbox arrives afterwards.
 */
export async function drillUplink(
  context: CliContext,
  { node, watched }: DrillTarget,
  { awayMs, withinMs, reason }: DrillTerms,
): Promise<DrillResult> {
  const { clock } = context.host;
  const before = await detailsOf(context, watched);
  const result = { name: node.name, backAfterMs: undefined, newTroubles: [], standby: 'worked' } as const;
  const stayAway = async (from: 'all' | 'current') =>
    issue(
      context,
      node,
      { kind: 'stay-away', forMs: awayMs, from },
      { reason, wait: true, timeout: awayMs + withinMs },
    );
  const wellUntil = (untilMs: number) =>
    untilWell(context, watched, untilMs, (now) => watched.every((_, at) => !hasBooted(before[at], now[at])));

  const other = await stayAway('current');
  const standby = other.exitCode === 0 ? 'worked' : isAlone(other.command) ? 'none' : 'failed';
  if (standby === 'failed') return { ...result, standby, problem: `the other way: ${outcomeOf(other.command)}` };
  const between = await wellUntil(clock.monotonicMs() + withinMs);
  if (between.problem !== '') return { ...result, standby, problem: between.problem };

  const startedMs = clock.monotonicMs();
  const { exitCode, command } = await stayAway('all');
  if (exitCode !== 0) return { ...result, standby, problem: `without an uplink: ${outcomeOf(command)}` };
  const { now, problem } = await wellUntil(startedMs + awayMs + withinMs);
  if (problem !== '') return { ...result, standby, problem };
  const backAfterMs = Math.max(0, clock.monotonicMs() - startedMs - awayMs);
  return { ...result, standby, backAfterMs, problem: '', newTroubles: newTroubles(before, now) };
}

/** It knows no other address. */
const isAlone = ({ state, rejection }: CommandView): boolean => state === 'rejected' && rejection === 'unsupported';

const outcomeOf = ({ state, detail }: CommandView): string => (detail === '' ? state : `${state}, ${detail}`);
