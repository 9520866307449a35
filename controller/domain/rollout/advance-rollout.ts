/** What a rollout does next. Pure. Silence counts as failure; being held does not. */

import { renderCount } from '../../../proto/contract/words.js';
import { isRolloutOver, isWithin, type Rollout, type RolloutNode } from './rollout.js';

/** What is known of a node that has it, or is getting it. */
export interface RolloutSight {
  readonly outcome: 'pending' | 'done' | 'failed';
  readonly detail: string;
}

export interface RolloutInput {
  readonly nowMs: number;
  /** Of nodes that are running, taking back, or succeeded in the wave that is watched. */
  readonly sights: ReadonlyMap<string, RolloutSight>;
  /** Who must not be disrupted now, and why. */
  readonly deferrals: ReadonlyMap<string, string>;
}

export interface RolloutOrder {
  readonly name: string;
  readonly way: 'apply' | 'take-back';
}

export interface RolloutMove {
  /** The very same object when nothing has changed. */
  readonly rollout: Rollout;
  readonly orders: readonly RolloutOrder[];
}

export function advanceRollout(rollout: Rollout, input: RolloutInput): RolloutMove {
  if (isRolloutOver(rollout)) return { rollout, orders: [] };
  const heard = judged(rollout, input);
  if (heard.state === 'failing') return takeBack(heard, input);
  const failed = failure(heard);
  if (failed !== undefined) return takeBack(becomes(heard, 'failing', failed, input), input);
  if (heard.state === 'paused') return { rollout: heard, orders: [] };
  const now = nextWave(heard, input);
  return now.state === 'running' ? start(now, input) : { rollout: now, orders: [] };
}

/** What was heard of those who are under way, and who is held or not any more. */
function judged(rollout: Rollout, { nowMs, sights, deferrals }: RolloutInput): Rollout {
  let changed = false;
  const nodes = rollout.nodes.map((node) => {
    const next = judge(rollout, node, { nowMs, sight: sights.get(node.name), deferral: deferrals.get(node.name) });
    changed ||= next !== node;
    return next;
  });
  return changed ? { ...rollout, nodes, atMs: nowMs } : rollout;
}

function judge(
  { wave, terms }: Rollout,
  node: RolloutNode,
  seen: { readonly nowMs: number; readonly sight: RolloutSight | undefined; readonly deferral: string | undefined },
): RolloutNode {
  const { nowMs, sight, deferral } = seen;
  const to = (state: RolloutNode['state'], detail: string): RolloutNode => ({ ...node, state, detail, sinceMs: nowMs });
  switch (node.state) {
    case 'waiting':
      return node.wave <= wave && deferral !== undefined ? to('deferred', deferral) : node;
    case 'deferred':
      return deferral === undefined ? to('waiting', '') : node;
    case 'running':
      if (sight?.outcome === 'done') return to('succeeded', sight.detail);
      if (sight?.outcome === 'failed') return to('failed', sight.detail);
      return nowMs - node.sinceMs >= terms.silenceMs ? to('failed', 'nothing was heard of it') : node;
    case 'succeeded':
      return node.wave === wave && sight?.outcome === 'failed' ? to('failed', sight.detail) : node;
    case 'taking-back':
      if (sight?.outcome === 'done') return to('taken-back', sight.detail);
      if (sight?.outcome === 'failed') return to('not-taken-back', sight.detail);
      return nowMs - node.sinceMs >= terms.silenceMs ? to('not-taken-back', 'nothing was heard of it') : node;
    default:
      return node;
  }
}

const inWave = ({ wave, nodes }: Rollout): readonly RolloutNode[] => nodes.filter((node) => node.wave === wave);

/** Those of whom somebody knows how it went: whoever is held counts for nothing. */
function counts(rollout: Rollout) {
  const own = inWave(rollout);
  const count = (state: RolloutNode['state']): number => own.filter((node) => node.state === state).length;
  const [succeeded, failed, deferred] = [count('succeeded'), count('failed'), count('deferred')];
  return { succeeded, failed, deferred, open: own.length - succeeded - failed - deferred, of: own.length - deferred };
}

function failure(rollout: Rollout): string | undefined {
  const { failed, open, succeeded, of } = counts(rollout);
  const { errorRatio, successRatio } = rollout.terms;
  const first = inWave(rollout).find(({ state }) => state === 'failed');
  const because = first === undefined ? '' : `: ${first.name}, ${first.detail}`;
  if (failed > 0 && failed > errorRatio * of) {
    return `${failed} of ${renderCount(of, 'node')} of wave ${rollout.wave + 1} failed${because}`;
  }
  if (open > 0 || of === 0 || succeeded >= successRatio * of) return undefined;
  return `only ${succeeded} of ${renderCount(of, 'node')} of wave ${rollout.wave + 1} succeeded${because}`;
}

function nextWave(rollout: Rollout, { nowMs }: RolloutInput): Rollout {
  const { open, succeeded } = counts(rollout);
  const last = Math.max(...rollout.nodes.map(({ wave }) => wave));
  // Somebody must have shown that it works: a wave of whom all are held proves nothing.
  if (open > 0 || succeeded === 0) {
    return rollout.waveEndedAtMs === undefined ? rollout : { ...rollout, waveEndedAtMs: undefined };
  }
  if (rollout.waveEndedAtMs === undefined) return { ...rollout, waveEndedAtMs: nowMs, atMs: nowMs };
  if (nowMs - rollout.waveEndedAtMs < rollout.terms.soakMs) return rollout;
  if (rollout.wave < last) {
    return { ...rollout, wave: rollout.wave + 1, waveEndedAtMs: undefined, why: '', atMs: nowMs };
  }
  const isLeft = rollout.nodes.some(({ state }) => state === 'deferred' || state === 'waiting' || state === 'running');
  return isLeft ? rollout : { ...rollout, state: 'succeeded', why: '', atMs: nowMs };
}

function start(rollout: Rollout, { nowMs, deferrals }: RolloutInput): RolloutMove {
  const { terms, nodes, wave } = rollout;
  if (!isWithin(terms.windows, nowMs)) return { rollout: waits(rollout, 'it waits for its window', nowMs), orders: [] };
  const free = terms.parallel - nodes.filter(({ state }) => state === 'running').length;
  const next = nodes
    .filter((node) => node.state === 'waiting' && node.wave <= wave && !deferrals.has(node.name))
    .slice(0, Math.max(0, free));
  if (next.length === 0) return { rollout, orders: [] };
  const names = new Set(next.map(({ name }) => name));
  return {
    rollout: { ...withState(rollout, names, 'running', nowMs), why: '' },
    orders: next.map(({ name }) => ({ name, way: 'apply' })),
  };
}

/** The failing wave goes back, whoever of it has it. Waves before it were watched, and keep it. */
function takeBack(rollout: Rollout, { nowMs }: RolloutInput): RolloutMove {
  const own = inWave(rollout);
  const next = own.filter(({ state, token }) => (state === 'succeeded' || state === 'failed') && token !== '');
  if (next.length > 0) {
    const names = new Set(next.map(({ name }) => name));
    const orders = next.map(({ name }) => ({ name, way: 'take-back' }) as const);
    return { rollout: withState(rollout, names, 'taking-back', nowMs), orders };
  }
  const isOpen = own.some(({ state }) => state === 'running' || state === 'taking-back');
  return { rollout: isOpen ? rollout : { ...rollout, state: 'failed', atMs: nowMs }, orders: [] };
}

function withState(rollout: Rollout, names: ReadonlySet<string>, state: RolloutNode['state'], nowMs: number): Rollout {
  const nodes = rollout.nodes.map((node) =>
    names.has(node.name) ? { ...node, state, sinceMs: nowMs, detail: '' } : node,
  );
  return { ...rollout, nodes, atMs: nowMs };
}

function becomes(rollout: Rollout, state: Rollout['state'], why: string, { nowMs }: RolloutInput): Rollout {
  return { ...rollout, state, why, atMs: nowMs };
}

function waits(rollout: Rollout, why: string, nowMs: number): Rollout {
  return rollout.why === why ? rollout : { ...rollout, why, atMs: nowMs };
}
