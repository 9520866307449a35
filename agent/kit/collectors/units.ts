import { BrambleError } from '../../../proto/contract/errors.js';
import { UNIT_STATES } from '../../../proto/contract/facts.js';
import type { Collected, Collector } from '../collect/collector.js';
import { noData, ok } from '../collect/collector.js';
import { Samples } from './sample.js';

const INTERVAL_MS = 60_000;
/** Each unit is one question to the service manager. */
const TIMEOUT_MS = 30_000;

/** Source: systemd(1), org.freedesktop.systemd1(5): ActiveState. */
const STATES: Readonly<Record<string, number | undefined>> = {
  active: UNIT_STATES.active,
  reloading: UNIT_STATES.changing,
  activating: UNIT_STATES.changing,
  deactivating: UNIT_STATES.changing,
  maintenance: UNIT_STATES.changing,
  inactive: UNIT_STATES.inactive,
  failed: UNIT_STATES.failed,
};

/**
 * How the units are that this node's configuration lets its agent restart: who names a unit there cares for it, and what is
 * told of it can be acted on. A unit that is not installed is left out.
 */
export function makeUnitsCollector(units: readonly string[]): Collector {
  return {
    name: 'units',
    intervalMs: INTERVAL_MS,
    timeoutMs: TIMEOUT_MS,
    async collect({ services }, signal): Promise<Collected> {
      const samples = new Samples();
      for (const unit of units) {
        try {
          const { active } = await services.state(unit, signal);
          samples.number('unit_state', STATES[active], unit);
        } catch (thrown) {
          const { code } = BrambleError.from(thrown);
          if (code === 'unsupported') return noData('no service manager runs');
          if (code !== 'not-found') throw thrown;
        }
      }
      return ok(samples.list);
    },
  };
}
