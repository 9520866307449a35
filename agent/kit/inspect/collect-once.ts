import { BrambleError } from '../../../proto/contract/errors.js';
import type { CollectorState, Sample } from '../../../proto/contract/facts.js';
import type { Collected, Collector, CollectorHost } from '../collect/collector.js';

/** What one collector said when it was asked once. */
export interface Finding {
  readonly collector: string;
  readonly state: CollectorState;
  /** Why there are no samples; empty when there are. */
  readonly why: string;
  readonly durationUs: number;
  readonly samples: readonly Sample[];
}

/** Asks every collector once, one after the other; a failure of one is its own finding. */
export async function collectOnce(
  collectors: readonly Collector[],
  host: CollectorHost,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const collector of collectors) {
    const startedMs = host.clock.monotonicMs();
    const outcome = await ask(collector, host, signal);
    const durationUs = Math.round((host.clock.monotonicMs() - startedMs) * 1000);
    findings.push({ collector: collector.name, durationUs, ...outcome });
  }
  return findings;
}

type Outcome = Pick<Finding, 'state' | 'why' | 'samples'>;

async function ask(collector: Collector, host: CollectorHost, stop: AbortSignal): Promise<Outcome> {
  const done = new AbortController();
  const signal = AbortSignal.any([stop, done.signal]);
  const timeout = host.clock.sleep(collector.timeoutMs, signal).then((): Outcome => {
    return { state: 'timed-out', why: `no answer within ${collector.timeoutMs} ms`, samples: [] };
  });
  try {
    return await Promise.race([answer(collector, host, signal), timeout]);
  } finally {
    done.abort();
    await timeout.catch(() => undefined); // cancelled on purpose, a line above
  }
}

async function answer(collector: Collector, host: CollectorHost, signal: AbortSignal): Promise<Outcome> {
  try {
    return outcomeOf(await collector.collect(host, signal));
  } catch (error) {
    return { state: 'failed', why: BrambleError.from(error).message, samples: [] };
  }
}

function outcomeOf(collected: Collected): Outcome {
  if (collected.kind === 'no-data') return { state: 'no-data', why: collected.why, samples: [] };
  return { state: 'ok', why: '', samples: collected.samples };
}
