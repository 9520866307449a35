import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { POWER_PRIORITIES } from '../../proto/contract/switch/power.js';
import { type PoePort, parsePoectl } from '../power/poectl.js';
import { PORTS_MAX } from './ports.js';

const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 15_000;
/** The hardware's word for a port that it gives nothing because the budget is spent. */
const SHED = /^power-denied$/;
const PRIORITIES: Readonly<Record<string, number>> = POWER_PRIORITIES;
const STATES = { on: 1, off: 2, unknown: undefined } as const;

/** Power of all ports where poectl knows it. Not run on hardware yet. */
export function makePoeCollector(): Collector {
  return {
    name: 'poe',
    intervalMs: INTERVAL_MS,
    timeoutMs: TIMEOUT_MS + 1_000,
    async collect({ exec }, signal) {
      try {
        const { status, stdout, stderr } = await exec.run(['poectl', '-a'], { signal, timeoutMs: TIMEOUT_MS });
        if (status !== 0) throw new BrambleError('unavailable', `poectl: ${stderr.trim().slice(0, 200)}`);
        const samples = new Samples();
        const ports = parsePoectl(stdout).slice(0, PORTS_MAX);
        for (const port of ports) addPort(samples, port);
        const allocated = ports.flatMap(({ allocatedMilliwatts }) => allocatedMilliwatts ?? []);
        const total = allocated.reduce((sum, each) => sum + each, 0);
        if (ports.length > 0) samples.number('poe_allocated_total_watts_milli', total);
        return samples.list.length === 0 ? noData('no port with power') : ok(samples.list);
      } catch (error) {
        if (BrambleError.from(error).code === 'not-found') return noData('poectl is not installed');
        throw error;
      }
    },
  };
}

function addPort(samples: Samples, port: PoePort): void {
  const { name } = port;
  samples.number('poe_admin_state', STATES[port.state], name);
  samples.text('poe_status_text', port.status, name);
  samples.number('poe_class_state', port.powerClass, name);
  samples.flag('poe_shed_flag', SHED.test(port.status), name);
  samples.number('poe_priority_state', PRIORITIES[port.priority], name);
  samples.number('poe_allocated_watts_milli', port.allocatedMilliwatts, name);
  samples.number('poe_actual_watts_milli', port.actualMilliwatts, name);
}
