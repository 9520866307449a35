import { FACTS, type FactName, isTextFact, type Sample } from '../../proto/contract/facts.js';
import { type Random, randomBelow } from '../../proto/contract/random.js';

/** What a Pi with two filesystems and two interfaces reports, moving the way load, memory and counters move. */
export function makeRealisticNode(random: Random): () => readonly Sample[] {
  const values = new Map<string, number>();
  const series: { readonly fact: FactName; readonly instance: string }[] = [];
  for (const name of Object.keys(FACTS)) {
    const fact = name as FactName; // Object.keys widens the keys of a closed record
    if (fact.startsWith('filesystem')) series.push({ fact, instance: '/' }, { fact, instance: '/boot/firmware' });
    else if (fact.startsWith('network') || fact === 'board_mac_text') series.push({ fact, instance: 'eth0' });
    else if (fact === 'collector_state' || fact === 'collector_duration_us') {
      for (const instance of ['cpu', 'memory', 'filesystems', 'network', 'clock', 'self'])
        series.push({ fact, instance });
    } else if (fact !== 'collector_error_text') series.push({ fact, instance: '' });
  }
  const step = (fact: FactName, last: number): number => {
    switch (FACTS[fact].kind) {
      case 'counter':
        if (fact.endsWith('_bytes')) return last + randomBelow(random, 40_000);
        return fact === 'agent_cpu_ms' ? last + randomBelow(random, 3) : last; // errors and drops stand still
      case 'gauge':
        if (fact.endsWith('_permille')) return randomBelow(random, 120);
        if (fact.startsWith('load')) return Math.max(0, last + randomBelow(random, 61) - 30);
        if (fact === 'memory_available_bytes') return last + (randomBelow(random, 2_000) - 1_000) * 4_096;
        if (fact === 'collector_duration_us') return 100 + randomBelow(random, 80);
        return last;
      default:
        return last;
    }
  };
  return () =>
    series.map(({ fact, instance }): Sample => {
      if (isTextFact(fact)) return { fact, instance, value: `${fact} of this node` };
      const key = `${fact} ${instance}`;
      const last = values.get(key) ?? (fact.endsWith('_bytes') ? 800_000_000 : 1);
      const value = step(fact, last);
      values.set(key, value);
      return { fact, instance, value };
    });
}
