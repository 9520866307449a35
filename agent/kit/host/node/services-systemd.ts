import type { Exec, Services } from '../ports.js';
import { checkUnitName, readUnitState, runSystemctl } from '../unit-state.js';

/** A restart waits for the unit to be up again, which for some is minutes. */
const RESTART_TIMEOUT_MS = 5 * 60_000;
const REBOOT_TIMEOUT_MS = 30_000;

/** The system's own service manager. Restart and reboot need root, or a rule that allows them to this user. */
export function makeSystemdServices(exec: Exec): Services {
  return {
    state: (unit, signal) => readUnitState(exec, unit, signal),
    restart: async (unit, signal) => {
      checkUnitName(unit);
      await readUnitState(exec, unit, signal); // an unknown unit is a better answer than a failed job
      await runSystemctl(exec, ['restart', '--', unit], { signal, timeoutMs: RESTART_TIMEOUT_MS });
    },
    reboot: async (signal) => {
      await runSystemctl(exec, ['reboot'], { signal, timeoutMs: REBOOT_TIMEOUT_MS });
    },
  };
}
