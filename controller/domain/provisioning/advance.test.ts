import fc from 'fast-check';
import { expect, test } from 'vitest';
import { advance, cursor, type Outcome, type SagaSight } from './advance.js';
import { SAGA_KINDS, type Saga, type SagaKind, type SagaWish } from './saga.js';
import { STEPS, stepsOf } from './steps.js';

const WISH: SagaWish = { image: 'img', dataBytes: 1, freshData: false, rescue: 'both', authorizedKeys: [] };

function sagaOf(kind: SagaKind): Saga {
  const plug = { switch: 'sw-1', port: 1 };
  const serials = { rootSerial: '00000001', boardSerial: '00000001', generation: 1, previousGeneration: 0 };
  const target = { node: 'pi-1', site: 'lab', fileserver: 'fs-1', plug, interfaceName: 'swp1', spare: undefined };
  return {
    ...{ id: 's', kind, target: { ...target, ...serials }, wish: WISH, direction: 'forward', state: 'running' },
    ...{ steps: stepsOf(kind, WISH), why: '', abort: '', actor: 'kim', reason: '', owner: '' },
    ...{ startedAtMs: 0, atMs: 0 },
  };
}

const CALM: SagaSight = { nowMs: 0, hold: undefined, arrays: undefined, absent: undefined, outcome: undefined };
const DONE: Outcome = { kind: 'done', detail: '' };
const FAILED: Outcome = { kind: 'failed', detail: 'no' };

/** Every order that was given, as "do power-on", until its end. */
function run(saga: Saga, outcomeOf: (order: string, attempt: number) => Outcome, sight: Partial<SagaSight> = {}) {
  const orders: string[] = [];
  let [now, nowMs] = [saga, 0];
  for (let passes = 0; passes < 5_000 && now.state === 'running'; passes++) {
    nowMs += 60_000;
    const at = cursor(now);
    const step = at === undefined ? undefined : now.steps[at];
    const isOpen = step?.state === 'running' || step?.state === 'undoing';
    const word = `${step?.state === 'undoing' ? 'undo' : 'do'} ${step?.name}`;
    const outcome = isOpen ? outcomeOf(word, step.attempt) : undefined;
    const move = advance(now, { ...CALM, ...sight, nowMs, outcome });
    now = move.saga;
    if (move.order !== undefined) {
      orders.push(`${move.order.way} ${now.steps[move.order.at]?.name}`);
      const begun = now.steps[move.order.at];
      // As whoever carries it out notes it.
      if (begun !== undefined) now = { ...now, steps: now.steps.with(move.order.at, { ...begun, token: 't' }) };
    }
  }
  return { saga: now, orders };
}

test('a new node gets power last', () => {
  const { orders } = run(sagaOf('provision'), () => DONE);
  expect(orders).toEqual([
    'do reserve',
    'do boot-port',
    'do prepare-root',
    'do activate-root',
    'do spare-off',
    'do try-ports',
    'do keep-ports',
    'do power-on',
    'do follow',
    'do verify',
  ]);
});

test('a boot that is never verified: all is undone, the last first', () => {
  const { saga, orders } = run(sagaOf('reimage'), (order) => (order === 'do follow' ? FAILED : DONE));
  expect(saga).toMatchObject({ state: 'undone', why: 'follow its boot: no' });
  const undone = orders.filter((order) => order.startsWith('undo'));
  expect(undone).toEqual(['undo power-on', 'undo activate-root', 'undo power-off', 'undo drain', 'undo prepare-root']);
});

test('a boot that is not verified in its time is given up; one that only has to stay well is watched for as long as it takes', () => {
  const HOUR = 60; // passes
  const watched = (isOnItsWay: boolean) => {
    let passes = 0;
    return run(sagaOf('reimage'), (order) => {
      if (order !== 'do verify') return DONE;
      passes++;
      return passes < HOUR ? { kind: 'pending', detail: 'so far', isOnItsWay } : DONE;
    }).saga;
  };
  expect(watched(true).state).toBe('succeeded');
  expect(watched(false)).toMatchObject({
    state: 'undone',
    why: 'watch that it stays well: not done within 15 min: so far',
  });
});

test('an attempt that fails is made again, three times at most', () => {
  const twice = run(sagaOf('reimage'), (order, attempt) => (order === 'do power-off' && attempt < 3 ? FAILED : DONE));
  expect(twice.saga.state).toBe('succeeded');
  const never = run(sagaOf('reimage'), (order) => (order === 'do power-off' ? FAILED : DONE));
  expect(never.saga.state).toBe('undone');
  expect(never.orders.filter((order) => order === 'do power-off')).toHaveLength(3);
});

test('a change of ports that could not be kept is made anew from its beginning', () => {
  const { saga, orders } = run(sagaOf('provision'), (order, attempt) =>
    order === 'do keep-ports' && attempt < 2 ? FAILED : DONE,
  );
  expect(saga.state).toBe('succeeded');
  expect(orders.filter((order) => order === 'do try-ports')).toHaveLength(2);
});

test('once roots are wiped there is only the way forward, however long it takes', () => {
  let failures = 0;
  const { saga, orders } = run(sagaOf('release'), (order) => {
    if (order !== 'do retire' || failures >= 20) return DONE;
    failures += 1;
    return FAILED;
  });
  expect(saga.state).toBe('succeeded');
  expect(orders.some((order) => order.startsWith('undo'))).toBe(false);
});

test('a hold keeps a node from being disrupted, not from having its root prepared', () => {
  const { saga, orders } = run(sagaOf('reimage'), () => DONE, { hold: 'pause by kim' });
  expect(orders).toEqual(['do prepare-root']);
  expect(saga).toMatchObject({ state: 'running', why: 'pause by kim' });
});

test('roots are left alone while an array is not clean', () => {
  expect(run(sagaOf('reimage'), () => DONE, { arrays: 'md0 recovers' }).orders).toEqual([]);
});

test('a hook that does not answer when work may come back takes nothing back', () => {
  const { saga } = run(sagaOf('rollback'), (order) => (order === 'do restore' ? FAILED : DONE));
  expect(saga.state).toBe('succeeded');
});

test('whatever fails, it ends with all of it or with nothing of it, and undoes in reverse', () => {
  const kinds = fc.constantFrom(...SAGA_KINDS);
  const failing = fc.uniqueArray(fc.tuple(fc.nat(19), fc.nat(3)), { maxLength: 6 });
  fc.assert(
    fc.property(kinds, failing, fc.nat(12), (kind, failures, abortAt) => {
      const saga = sagaOf(kind);
      const names = Object.keys(STEPS);
      let asked = 0;
      const aborted = abortAt === 0 ? { ...saga, abort: 'not today' } : saga;
      const { saga: end, orders } = run(aborted, (order, attempt) => {
        asked += 1;
        // What is undone succeeds in the end: it is tried for as long as it takes.
        if (order.startsWith('undo')) return asked % 3 === 0 ? FAILED : DONE;
        return failures.some(([name, from]) => order === `do ${names[name]}` && attempt > from) ? FAILED : DONE;
      });
      const states = new Set(end.steps.map(({ state }) => state));
      if (end.state === 'succeeded') expect([...states]).toEqual(['done']);
      else if (end.state === 'undone')
        expect([...states].every((state) => state === 'undone' || state === 'waiting')).toBe(true);
      else
        expect(end.steps.some(({ name, state }) => STEPS[name].undo === 'impossible' && state !== 'waiting')).toBe(
          true,
        );
      const places = orders.filter((order) => order.startsWith('undo ')).map((order) => order.slice(5));
      const first = places.filter(
        (name, at) => places.indexOf(name) === at && name !== 'power-on' && name !== 'power-off',
      );
      const indexes = first.map((name) => end.steps.findLastIndex((step) => step.name === name));
      expect(indexes).toEqual(indexes.toSorted((a, b) => b - a));
    }),
    { numRuns: 300 },
  );
});

test('asked twice it answers the same', () => {
  const saga = sagaOf('provision');
  expect(advance(saga, CALM)).toEqual(advance(saga, CALM));
});
