import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import * as z from '../../agent/kit/form.js';
import { BrambleError } from '../../proto/contract/errors.js';

const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 75_000;
const DRIFTS_TOLD = 5;
const STATES: Readonly<Record<string, number>> = { on: 1, off: 2 };

const STATUS = z.object({
  ports: z.array(z.object({ port: z.string(), actual: z.string(), desired: z.string(), isCycling: z.boolean() })),
  supplies: z.array(z.number()),
  budgetMilliwatts: z.number(),
  spareMilliwatts: z.number(),
  allocatedMilliwatts: z.number(),
});
/** As the helper answers. */
interface Status {
  readonly ports: readonly Told[];
  readonly supplies: readonly number[];
  readonly budgetMilliwatts: number;
  readonly spareMilliwatts: number;
  readonly allocatedMilliwatts: number;
}
interface Told {
  readonly port: string;
  readonly actual: string;
  readonly desired: string;
  readonly isCycling: boolean;
}

/** Power that was asked for and power that is, and what there is of it, through the helper. */
export function makePowerCollector(): Collector {
  return {
    name: 'switch-power',
    intervalMs: INTERVAL_MS,
    timeoutMs: TIMEOUT_MS,
    async collect({ machine }, signal) {
      let text: string;
      try {
        text = await machine.own('{"kind":"power-status"}', signal);
      } catch (error) {
        const { code, message } = BrambleError.from(error);
        if (code === 'unsupported' || code === 'not-found') return noData(message);
        throw error;
      }
      const { list } = powerSamples(parsed(text));
      return list.length === 0 ? noData('no power is switched here') : ok(list);
    },
  };
}

export function powerSamples(status: Status): Samples {
  const samples = new Samples();
  for (const { port, actual, desired } of status.ports) {
    samples.number('power_actual_state', STATES[actual], port);
    samples.number('power_desired_state', STATES[desired], port);
  }
  if (status.ports.length > 0) {
    const drifts = status.ports.filter(isDrift);
    samples.number('power_drift_count', drifts.length);
    const words = drifts
      .slice(0, DRIFTS_TOLD)
      .map(({ port, actual, desired }) => `${port} is ${actual}, not ${desired}`);
    samples.text('power_drift_text', words.join('; '));
  }
  for (const [at, milliwatts] of status.supplies.entries()) {
    samples.number('psu_budget_watts_milli', milliwatts, `PSU${at + 1}`);
  }
  if (status.supplies.length > 0) {
    samples.number('poe_budget_watts_milli', status.budgetMilliwatts);
    samples.number('poe_spare_budget_watts_milli', status.spareMilliwatts);
  }
  const { allocatedMilliwatts } = status;
  samples.number('poe_allocated_total_watts_milli', allocatedMilliwatts < 0 ? undefined : allocatedMilliwatts);
  return samples;
}

function isDrift({ actual, desired, isCycling }: Told): boolean {
  return !isCycling && desired !== '' && actual !== 'unknown' && actual !== desired;
}

function parsed(text: string): Status {
  try {
    return STATUS.parse(JSON.parse(text));
  } catch (cause) {
    throw new BrambleError('data-loss', 'the helper answered something else than the power of the switch', { cause });
  }
}
