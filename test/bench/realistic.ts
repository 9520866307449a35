import { FACTS, type FactName, isTextFact, type Sample } from '../../proto/contract/facts.js';
import { type Random, randomBelow } from '../../proto/contract/random.js';

/** Values of a node without trouble, where 1 would be one. */
const HEALTHY: Partial<Record<FactName, number>> = {
  cpu_cores_count: 4,
  network_speed_mbps: 1_000,
  clock_synchronised_flag: 1,
  board_watchdog_flag: 1,
  temperature_millidegrees: 50_000,
  temperature_critical_millidegrees: 110_000,
};

function healthy(fact: FactName): number {
  const value = HEALTHY[fact];
  if (value !== undefined) return value;
  if (fact.endsWith('_flag') || fact.startsWith('ext4_errors')) return 0;
  if (fact.endsWith('_unix_s')) return 4_000_000_000; // still to come, so that it is never old
  return fact.endsWith('_bytes') ? 800_000_000 : 1;
}

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
      const last = values.get(key) ?? healthy(fact);
      const value = step(fact, last);
      values.set(key, value);
      return { fact, instance, value };
    });
}
