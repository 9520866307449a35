import { expect, test } from 'vitest';
import { advanceRollout, type RolloutSight } from './advance-rollout.js';
import { DEFAULT_TERMS, isWithin, type Rollout, type RolloutTerms, wavesOf } from './rollout.js';

const MINUTE_MS = 60_000;

/** Lets a rollout run against nodes that answer as they are told to. */
class Run {
  rollout: Rollout;
  nowMs = 0;
  readonly asked: string[] = [];
  readonly answers = new Map<string, RolloutSight>();
  readonly deferrals = new Map<string, string>();

  constructor(count: number, terms: Partial<RolloutTerms> = {}) {
    const all = { ...DEFAULT_TERMS, ...terms };
    const names = Array.from({ length: count }, (_, at) => `pi-${at + 1}`);
    const what = { kind: 'image', image: 'img' } as const;
    const times = { startedAtMs: 0, atMs: 0, waveEndedAtMs: undefined };
    const told = { actor: 'kim', reason: 'news', why: '' };
    const nodes = wavesOf(names, all, 0);
    this.rollout = { id: 'r', name: 'r', what, terms: all, state: 'running', wave: 0, nodes, ...told, ...times };
  }

  pass(minutes: number): this {
    for (let minute = 0; minute < minutes; minute++) {
      this.nowMs += MINUTE_MS;
      const { answers: sights, deferrals, nowMs } = this;
      const { rollout, orders } = advanceRollout(this.rollout, { nowMs, sights, deferrals });
      const names = new Set(orders.map(({ name }) => name));
      const nodes = rollout.nodes.map((node) => (names.has(node.name) ? { ...node, token: `t-${node.name}` } : node));
      this.rollout = { ...rollout, nodes };
      this.asked.push(...orders.map(({ name, way }) => `${way} ${name}`));
    }
    return this;
  }

  answer(outcome: RolloutSight['outcome'], ...names: readonly string[]): this {
    for (const name of names) this.answers.set(name, { outcome, detail: outcome });
    return this;
  }

  count(state: string): number {
    return this.rollout.nodes.filter((node) => node.state === state).length;
  }
}

const all = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => `pi-${at + 1}`);

test('one canary, then a tenth, then half, then all', () => {
  const waves = wavesOf(all(20), DEFAULT_TERMS, 0).map(({ wave }) => wave);
  expect([0, 1, 2, 3].map((wave) => waves.filter((each) => each === wave).length)).toEqual([1, 1, 8, 10]);
  expect(wavesOf(['only'], DEFAULT_TERMS, 0).map(({ wave }) => wave)).toEqual([0]);
});

test('nobody but the canary is touched before the canary was watched', () => {
  const run = new Run(20).pass(5);
  expect(run.asked).toEqual(['apply pi-1']);
  run.answer('done', 'pi-1').pass(9);
  expect(run.asked).toHaveLength(1);
  expect(run.pass(4).asked).toEqual(['apply pi-1', 'apply pi-2']);
});

test('everybody has it in the end, never more than four at once', () => {
  const run = new Run(20);
  for (let minutes = 0; minutes < 200 && run.rollout.state === 'running'; minutes += 2) {
    run.pass(1);
    expect(run.count('running')).toBeLessThanOrEqual(4);
    const running = run.rollout.nodes.filter(({ state }) => state === 'running').map(({ name }) => name);
    run.answer('done', ...running).pass(1);
  }
  expect(run.rollout.state).toBe('succeeded');
  expect(run.count('succeeded')).toBe(20);
});

test('a canary that fails: the rollout stops there and the canary goes back', () => {
  const run = new Run(20).pass(1).answer('failed', 'pi-1').pass(1);
  expect(run.rollout).toMatchObject({ state: 'failing' });
  run.answer('done', 'pi-1').pass(2);
  expect(run.rollout).toMatchObject({ state: 'failed', why: expect.stringContaining('pi-1') });
  expect(run.asked).toEqual(['apply pi-1', 'take-back pi-1']);
});

test('a canary of whom nothing is heard has failed', () => {
  const run = new Run(20, { silenceMs: 10 * MINUTE_MS }).pass(15);
  expect(run.rollout.state).toBe('failing');
  expect(run.rollout.nodes[0]?.state).toBe('taking-back');
});

test('one that falls ill while its wave is watched counts as failed', () => {
  const run = new Run(20).pass(1).answer('done', 'pi-1').pass(3).answer('failed', 'pi-1').pass(1);
  expect(run.rollout.state).toBe('failing');
});

test('of a large wave some may fail; more than that and the wave goes back, not those before it', () => {
  const run = new Run(20, { soakMs: 0, parallel: 20 }).pass(1).answer('done', 'pi-1').pass(4);
  run.answer('done', 'pi-2').pass(4);
  const wave = run.rollout.nodes.filter(({ wave: each }) => each === 2).map(({ name }) => name);
  expect(run.count('running')).toBe(wave.length);
  run
    .answer('done', ...wave.slice(2))
    .answer('failed', ...wave.slice(0, 2))
    .pass(1);
  expect(run.rollout.state).toBe('failing');
  run.answer('done', ...wave).pass(2);
  expect(run.rollout.state).toBe('failed');
  expect(run.count('taken-back')).toBe(wave.length);
  expect(run.count('succeeded')).toBe(2);
});

test('whoever is held neither fails nor succeeds, and has its turn later', () => {
  const run = new Run(4, { soakMs: 0, waves: [1] });
  run.deferrals.set('pi-3', 'maintenance by kim');
  run.pass(1).answer('done', 'pi-1').pass(4).answer('done', 'pi-2', 'pi-4').pass(30);
  expect(run.rollout.state).toBe('running');
  expect(run.count('deferred')).toBe(1);
  run.deferrals.clear();
  run.pass(3).answer('done', 'pi-3').pass(4);
  expect(run.rollout.state).toBe('succeeded');
});

test('a canary that is held proves nothing: nobody else has a turn', () => {
  const run = new Run(4, { soakMs: 0 });
  run.deferrals.set('pi-1', 'maintenance by kim');
  expect(run.pass(60).asked).toEqual([]);
});

test('nothing begins outside of its window, also one over midnight', () => {
  const night = [{ fromMinute: 22 * 60, toMinute: 4 * 60, days: [4] }]; // Thursday night
  expect(isWithin(night, 23 * 3_600_000)).toBe(true);
  expect(isWithin(night, 27 * 3_600_000)).toBe(true);
  expect(isWithin(night, 12 * 3_600_000)).toBe(false);
  expect(isWithin(night, 3 * 3_600_000)).toBe(false);
  const run = new Run(4, { windows: night }).pass(30);
  expect(run.asked).toEqual([]);
  expect(run.rollout.why).toContain('window');
});
