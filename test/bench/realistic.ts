import { readFileSync } from 'node:fs';
import { quietProbe } from '../../agent/kit/testing/collect-on.js';
import { makeSimHost } from '../../agent/kit/testing/sim-host.js';
import { SimWorld } from '../../agent/kit/testing/sim-world.js';
import { piCollectors } from '../../agent/pi/collectors/index.js';
import { FACTS, type NumberFactName, type Sample } from '../../proto/contract/facts.js';
import { type Random, randomBelow } from '../../proto/contract/random.js';
import { parseTree } from '../fixtures/tree.js';

/** A Pi 3 on a network root, as hundreds of them stand in a site. */
const RECORDED_PI = 'test/fixtures/host/pi-3b-nfs/tree.txt';

/** What was wrong with that board, or would be old by now, put right: most nodes of a fleet have no trouble. */
const HEALTHY: Partial<Record<NumberFactName, number>> = {
  clock_synchronised_flag: 1,
  reboot_required_flag: 0,
};

/** A report in full, as the agent of a Pi takes it from the files of a board. */
export async function realisticReport(): Promise<readonly Sample[]> {
  const kernel = parseTree(readFileSync(RECORDED_PI, 'utf8'));
  const host = makeSimHost(new SimWorld(1), 'pi', { kernel });
  const signal = new AbortController().signal;
  const samples: Sample[] = [];
  for (const collector of piCollectors(quietProbe())) {
    const collected = await collector.collect(host, signal);
    if (collected.kind === 'ok') samples.push(...collected.samples);
  }
  return samples.map((sample) => {
    if (isText(sample)) return sample;
    return { ...sample, value: HEALTHY[sample.fact] ?? sample.value };
  });
}

/** What a node reports after that, moving the way load, memory and counters move. */
export function makeRealisticNode(report: readonly Sample[], random: Random): () => readonly Sample[] {
  const values = new Map<string, number>();
  const step = (fact: NumberFactName, last: number): number => {
    switch (FACTS[fact].kind) {
      case 'counter':
        return fact.endsWith('_bytes') ? last + randomBelow(random, 40_000) : last; // errors and drops stand still
      case 'gauge':
        if (fact.endsWith('_permille')) return randomBelow(random, 120);
        if (fact.startsWith('load')) return Math.max(0, last + randomBelow(random, 61) - 30);
        return fact === 'memory_available_bytes' ? last + (randomBelow(random, 2_000) - 1_000) * 4_096 : last;
      default:
        return last;
    }
  };
  return () =>
    report.map((sample): Sample => {
      if (isText(sample)) return sample;
      const { fact, instance, value: first } = sample;
      const key = `${fact} ${instance}`;
      const last = values.get(key) ?? first;
      const value = step(fact, last);
      values.set(key, value);
      return { fact, instance, value };
    });
}

function isText(sample: Sample): sample is Extract<Sample, { readonly value: string }> {
  return typeof sample.value === 'string';
}
