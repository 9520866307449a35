import type { NodeDetail, NodeView } from '../../../proto/contract/api/fleet.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { CliContext } from '../context.js';

const LOOK_MS = 2_000;

export function detailsOf({ api }: CliContext, nodes: readonly NodeView[]): Promise<readonly NodeDetail[]> {
  return Promise.all(nodes.map(({ id }) => api.node(id)));
}

/**
 * Looks until everybody is well and what else is asked for holds, or the time is over.
 * @param untilMs monotonic
 */
export async function untilWell(
  context: CliContext,
  nodes: readonly NodeView[],
  untilMs: number,
  isDone: (now: readonly NodeDetail[]) => boolean,
): Promise<{ readonly now: readonly NodeDetail[]; readonly problem: string }> {
  const { host, signal } = context;
  for (;;) {
    const now = await detailsOf(context, nodes);
    const missing = now.filter(({ state, liveness }) => state !== 'ready' || liveness !== 'fresh');
    if (missing.length === 0 && isDone(now)) return { now, problem: '' };
    if (host.clock.monotonicMs() >= untilMs) {
      const names = (missing.length === 0 ? now : missing).map(({ name }) => name);
      return { now, problem: `not well again in time: ${names.join(', ')}` };
    }
    await host.sleep(LOOK_MS, signal);
  }
}

/** The same node, in another boot. By its boot id: when that boot began is worked out anew with every connection. */
export function hasBooted(was: NodeDetail | undefined, is: NodeDetail | undefined): boolean {
  if (was === undefined || is === undefined) throw new BrambleError('internal', 'a drill without a node');
  const [before, now] = [bootIdOf(was), bootIdOf(is)];
  return now !== undefined && now !== before;
}

const bootIdOf = ({ facts }: NodeDetail) => facts.find(({ fact }) => fact === 'boot_id_text')?.value;

export function newTroubles(before: readonly NodeDetail[], now: readonly NodeDetail[]): readonly string[] {
  const keyOf = ({ name }: NodeView, type: string): string => `${name}: ${type}`;
  const known = new Set(before.flatMap((node) => node.conditions.map(({ type }) => keyOf(node, type))));
  return now.flatMap((node) => node.conditions.map(({ type }) => keyOf(node, type))).filter((key) => !known.has(key));
}
