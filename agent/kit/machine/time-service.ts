import { BrambleError } from '../../../proto/contract/errors.js';
import type { Exec, KernelFiles, Services } from '../host/ports.js';
import { runAsSystem } from './run-as-system.js';

/** Who keeps the clock of this machine. */
export type TimeService = 'chrony' | 'timesyncd';

/** Names of chrony's unit on Debian and elsewhere, and of systemd's own service. */
const UNITS = [
  ['chrony.service', 'chrony'],
  ['chronyd.service', 'chrony'],
  ['systemd-timesyncd.service', 'timesyncd'],
] as const;

const TIMEOUT_MS = 20_000;

/**
 * The time service that runs.
 * @throws BrambleError `unsupported` (none that can be told to step, or no service manager)
 */
export async function findTimeService(services: Pick<Services, 'state'>, signal: AbortSignal): Promise<TimeService> {
  for (const [unit, service] of UNITS) {
    try {
      const { active } = await services.state(unit, signal);
      if (active === 'active') return service;
    } catch (error) {
      if (BrambleError.from(error).code !== 'not-found') throw error; // not installed: the next one may be
    }
  }
  throw new BrambleError('unsupported', 'no time service runs here that can be told to step the clock', {
    hint: 'install and enable chrony or systemd-timesyncd',
  });
}

/**
 * chronyd steps by what it has measured; timesyncd asks its servers when it starts, and steps when the clock is off by more
 * than 0.4 s. Sources: chronyc(1), makestep; systemd src/timesync/timesyncd-manager.c, NTP_MAX_ADJUST.
 * @throws BrambleError `unsupported`, `permission-denied`, `unavailable`
 */
export async function stepClock(
  on: { readonly exec: Exec; readonly kernel: KernelFiles; readonly services: Services },
  signal: AbortSignal,
): Promise<void> {
  if ((await findTimeService(on.services, signal)) === 'timesyncd') {
    await on.services.restart('systemd-timesyncd.service', signal);
    return;
  }
  const result = await runAsSystem(on, ['chronyc', '-n', 'makestep'], { signal, timeoutMs: TIMEOUT_MS });
  if (result.status === 0) return;
  const said = `${result.stdout}\n${result.stderr}`.trim().slice(0, 300);
  const code = /Not authori[sz]ed|denied/i.test(said) ? 'permission-denied' : 'unavailable';
  throw new BrambleError(code, `chronyc makestep: ${said === '' ? `ended with ${result.status}` : said}`);
}
