/** A controller that dies while it provisions, and the next one that goes on. */

import { expect } from 'vitest';
import type { SagaAsk } from '../../../controller/usecases/provisioning/start.js';
import { seededRandom } from '../../../proto/contract/random.js';
import { leaks } from './leaks.js';
import { kim, SimRack } from './rack.js';

interface Case {
  readonly ask: SagaAsk;
  /** Nodes that there are when it has succeeded, and when it is undone. */
  readonly after: readonly string[];
  readonly before: readonly string[];
}

const BOTH = ['pi-1', 'pi-2'] as const;
const PROVISION: Case = {
  ask: { kind: 'provision', node: 'pi-9', image: 'good-2', reason: 'ordered' },
  after: [...BOTH, 'pi-9'],
  before: BOTH,
};
const REIMAGE: Case = {
  ask: { kind: 'reimage', node: 'pi-1', image: 'good-2', reason: 'news' },
  after: BOTH,
  before: BOTH,
};
const RELOCATE: Case = { ask: { kind: 'relocate', node: 'pi-1', reason: 'dead' }, after: BOTH, before: BOTH };
const RELEASE: Case = { ask: { kind: 'release', node: 'pi-2', reason: 'given back' }, after: ['pi-1'], before: BOTH };
const ROLLBACK: Case = { ask: { kind: 'rollback', node: 'pi-2', reason: 'worse' }, after: BOTH, before: BOTH };
const RESCUE: Case = {
  ask: { kind: 'rescue', node: 'pi-1', rescue: 'both', reason: 'look' },
  after: BOTH,
  before: BOTH,
};
const bad = (one: Case): Case => ({ ...one, ask: { ...one.ask, image: 'bad-1' } });
const ALL = [PROVISION, REIMAGE, RELOCATE, RELEASE, ROLLBACK, RESCUE, bad(PROVISION), bad(REIMAGE)];

/** More than any of them makes. */
const CALLS_MAX = 1_000_000;

/** Runs it with a controller that dies where `life` says, and the next that goes on. */
async function killed(one: Case, life: { readonly callsLeft?: number; readonly writesLeft?: number }) {
  const rack = await SimRack.start();
  await rack.core.provisioning.start(one.ask, kim);
  Object.assign(rack.life, life);
  await rack.untilSettled();
  const diedAt = rack.starts;
  const { callsLeft } = rack.life;
  rack.life.callsLeft = Infinity;
  rack.life.writesLeft = Infinity;
  await rack.pass(120_000);
  const saga = await rack.newest();
  const wanted = saga.state === 'succeeded' ? one.after : one.before;
  return { saga, leaks: await leaks(rack, wanted), wasKilled: diedAt > 1, callsLeft, orders: await rack.orders() };
}

/** What comes to an end that can be told from the other. */
export const CASES = {
  provision: PROVISION,
  reimage: REIMAGE,
  relocate: RELOCATE,
  release: RELEASE,
  'provision that fails': bad(PROVISION),
} as const;

/**
 * Killed before and after writes of its journal, it comes to the same end.
 * @param stride 0.5 = before and after every one
 */
export async function killAtWrites(one: Case, stride: number, boundariesMin: number): Promise<void> {
  const whole = await killed(one, {});
  expect(whole.leaks).toEqual([]);
  let boundaries = 0;
  for (let write = 0.5; ; write += stride) {
    const cut = await killed(one, { writesLeft: write });
    if (!cut.wasKilled) break;
    boundaries += 1;
    expect({ write, leaks: cut.leaks, state: cut.saga.state }).toEqual({ write, leaks: [], state: whole.saga.state });
    // Nothing was ordered twice, and nothing was left out.
    expect({ write, orders: cut.orders }).toEqual({ write, orders: whole.orders });
  }
  expect(boundaries).toBeGreaterThan(boundariesMin);
}

/** Killed at moments that nobody chose, it goes on or takes everything back, and leaves nothing lying about. */
export async function killAtRandom(runs: number, killsMin: number): Promise<void> {
  const random = seededRandom(7);
  const lengths = new Map<Case, number>();
  let kills = 0;
  for (let run = 0; run < runs; run++) {
    const one = ALL[run % ALL.length] ?? PROVISION;
    const length = lengths.get(one) ?? (await callsOf(one));
    lengths.set(one, length);
    const callsLeft = Math.floor(random.unit() * length);
    const cut = await killed(one, { callsLeft });
    if (cut.wasKilled) kills += 1;
    expect({ run, callsLeft, leaks: cut.leaks }).toEqual({ run, callsLeft, leaks: [] });
  }
  expect(kills).toBeGreaterThan(killsMin);
}

async function callsOf(one: Case): Promise<number> {
  const { callsLeft } = await killed(one, { callsLeft: CALLS_MAX });
  return CALLS_MAX - callsLeft;
}
