import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GoodbyeReason } from '../../../proto/gen/bramble/agent/v1/link.js';
import { goodbye, type SessionMachine, started, welcome } from '../testing/session-machine.js';
import { DEFAULT_CADENCE } from './cadence.js';

const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: pick('sleep' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: pick('opened' as const), age: pick(0, 0, 0, 1) }) },
  { weight: 5, arbitrary: fc.record({ do: pick('welcome' as const), age: pick(0, 0, 0, 1) }) },
  { weight: 3, arbitrary: fc.record({ do: pick('lost' as const), age: pick(0, 0, 0, 1), isRefused: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: pick('add' as const), count: fc.integer({ min: 1, max: 90 }) }) },
  { weight: 5, arbitrary: fc.record({ do: pick('ack' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }) },
  { weight: 2, arbitrary: fc.record({ do: pick('goodbye' as const), reason: fc.integer({ min: 0, max: 7 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: pick('stay-away' as const),
      forMs: fc.integer({ min: 10_000, max: 600_000 }),
      way: pick('all' as const, 'current' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: pick('pass' as const), ms: fc.nat(200_000) }) },
  { weight: 1, arbitrary: fc.record({ do: pick('due' as const), inMs: fc.integer({ min: -10, max: 100_000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: pick('renewed' as const, 'renewal-failed' as const, 'tunnel-in-place' as const),
      endpointsCount: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: pick('cadence' as const), probeAfterMs: fc.integer({ min: 1_000, max: 100_000 }) }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

function perform(machine: SessionMachine, each: Action, next: () => number): void {
  const streamOf = (age: number): number => Math.max(0, machine.state.stream - age);
  switch (each.do) {
    case 'sleep':
      machine.sleep();
      break;
    case 'opened':
      machine.take({ kind: 'opened', stream: streamOf(each.age) });
      break;
    case 'welcome':
      machine.take({ kind: 'frame', stream: streamOf(each.age), frame: welcome });
      break;
    case 'lost':
      machine.take({ kind: 'lost', stream: streamOf(each.age), isRefused: each.isRefused });
      break;
    case 'add':
      for (let n = 0; n < each.count; n++) machine.outbox.add(next());
      machine.take({ kind: 'events-waiting' });
      break;
    case 'ack': {
      const under = machine.state.phase.kind === 'live' ? machine.state.phase.unacknowledged : [];
      const through = under[Math.floor(each.share * (under.length - 1))] ?? 0;
      machine.frame({ $case: 'eventAck', value: { throughSequence: through } });
      break;
    }
    case 'goodbye':
      machine.frame(goodbye(each.reason as GoodbyeReason, 1_000));
      break;
    case 'pass':
      machine.pass(each.ms);
      break;
    case 'due':
      machine.take({ kind: 'renewal-due', atMs: machine.nowMs + each.inMs });
      break;
    case 'renewed':
      machine.take({ kind: 'renewed', endpointsCount: each.endpointsCount, nextAtMs: undefined });
      break;
    case 'stay-away':
      machine.take({ kind: 'stay-away', forMs: each.forMs, way: each.way });
      break;
    case 'renewal-failed':
    case 'tunnel-in-place':
      machine.take({ kind: each.do });
      break;
    case 'cadence':
      machine.take({ kind: 'cadence', cadence: { ...DEFAULT_CADENCE, probeAfterMs: each.probeAfterMs } });
      break;
  }
}

test('property: whatever happens, one stream at most, something always pending, and in the end every event is acknowledged', () => {
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 120 }),
      fc.double({ min: 0.001, max: 0.999, noNaN: true }),
      (actions, unit) => {
        const machine = started(2);
        machine.unit = unit;
        let sequence = 0;
        for (const each of actions) perform(machine, each, () => ++sequence);
        const quietSinceMs = machine.nowMs;
        for (let n = 0; n < 1_000 && (machine.phase !== 'live' || machine.outbox.size > 0); n++) {
          if (machine.phase === 'waiting') machine.sleep();
          else if (machine.phase === 'dialing') machine.take({ kind: 'opened', stream: machine.state.stream });
          else if (machine.phase === 'greeting') machine.frame(welcome);
          else if (machine.state.phase.kind === 'live') {
            const last = machine.state.phase.unacknowledged.at(-1);
            expect(last, 'what waits is under way').toBeDefined();
            machine.frame({ $case: 'eventAck', value: { throughSequence: last ?? 0 } });
          }
        }
        expect([machine.phase, machine.outbox.size]).toEqual(['live', 0]);
        expect(machine.nowMs - quietSinceMs).toBeLessThanOrEqual(3_600_000);
        machine.take({ kind: 'stop' });
        expect([machine.phase, machine.open.size]).toEqual(['stopped', 0]);
      },
    ),
    { numRuns: 400 },
  );
});
