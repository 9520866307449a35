import { expect, test } from 'vitest';
import type { Collector } from '../collect/collector.js';
import { noData, ok } from '../collect/collector.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { collectOnce } from './collect-once.js';

const collector = (name: string, collect: Collector['collect']): Collector => {
  return { name, intervalMs: 0, timeoutMs: 1_000, collect };
};

test('each collector is asked once, and none spoils another', async () => {
  const world = new SimWorld(1);
  const sample = { fact: 'cpu_cores_count', instance: '', value: 4 } as const;
  const aborted: string[] = [];
  const findings = await world.settle(
    collectOnce(
      [
        collector('fails', () => {
          throw new Error('broken');
        }),
        collector('hangs', (_, signal) => {
          signal.addEventListener('abort', () => aborted.push('hangs'));
          return new Promise(() => {});
        }),
        collector('absent', () => noData('no such thing')),
        collector('works', () => Promise.resolve(ok([sample]))),
      ],
      makeSimHost(world, 'node'),
      new AbortController().signal,
    ),
  );
  expect(findings).toMatchObject([
    { collector: 'fails', state: 'failed', why: 'broken', samples: [] },
    { collector: 'hangs', state: 'timed-out', why: 'no answer within 1000 ms', durationUs: 1_000_000, samples: [] },
    { collector: 'absent', state: 'no-data', why: 'no such thing', samples: [] },
    { collector: 'works', state: 'ok', why: '', samples: [sample] },
  ]);
  expect(aborted).toEqual(['hangs']);
});
