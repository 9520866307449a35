import type { Collector } from '../../kit/collect/collector.js';
import { noData, ok } from '../../kit/collect/collector.js';
import { listNumbered, readCount, readLine } from '../../kit/collectors/kernel-line.js';
import { Samples } from '../../kit/collectors/sample.js';
import type { KernelFiles } from '../../kit/host/ports.js';

const POLICIES = '/sys/devices/system/cpu/cpufreq';

/** Governor and limit change by hand only: looked at this often, ms. */
const SURVEY_MS = 60_000;

/** Bound on one report; a server may have a policy for each of its processors. */
export const POLICIES_MAX = 16;

interface Policy {
  readonly name: string;
  readonly maxMhz: number | undefined;
  readonly governor: string | undefined;
}

/**
 * How fast the processors run, by frequency domain: a Pi has one (policy0). scaling_cur_freq is what the kernel last asked
 * for; what the firmware makes of it while it throttles shows in the power facts. Kilohertz become megahertz, rounded.
 * Source: Linux Documentation/admin-guide/pm/cpufreq.rst.
 */
export function makeFrequencyCollector(): Collector {
  let policies: readonly Policy[] = [];
  let surveyedMs = Number.NEGATIVE_INFINITY;
  return {
    name: 'frequency',
    intervalMs: 0,
    timeoutMs: 5_000,
    collect({ kernel, clock }) {
      if (clock.monotonicMs() - surveyedMs >= SURVEY_MS) {
        policies = survey(kernel);
        surveyedMs = clock.monotonicMs();
      }
      const samples = new Samples();
      for (const { name, maxMhz, governor } of policies) {
        samples.number('cpu_frequency_mhz', readMhz(kernel, `${POLICIES}/${name}/scaling_cur_freq`), name);
        samples.number('cpu_frequency_max_mhz', maxMhz, name);
        samples.text('cpu_governor_text', governor, name);
      }
      return samples.list.length === 0 ? noData('the kernel does not govern the frequency') : ok(samples.list);
    },
  };
}

function survey(kernel: KernelFiles): readonly Policy[] {
  return listNumbered(kernel, POLICIES, 'policy')
    .slice(0, POLICIES_MAX)
    .map((name) => {
      const maxMhz = readMhz(kernel, `${POLICIES}/${name}/cpuinfo_max_freq`);
      return { name, maxMhz, governor: readLine(kernel, `${POLICIES}/${name}/scaling_governor`) };
    });
}

/** `undefined` when the file does not say, as "<unknown>" does not. */
function readMhz(kernel: KernelFiles, path: string): number | undefined {
  const kilohertz = readCount(kernel, path);
  return kilohertz === undefined || kilohertz === 0 ? undefined : Math.round(kilohertz / 1000);
}
