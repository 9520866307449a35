import { BrambleError } from '../../proto/contract/errors.js';
import type { ActuatorHost } from '../actuator/host.js';
import type { SwitchPolicy } from '../actuator/policy.js';
import { whyOverBudget } from './budget.js';
import { chooseDriver } from './choose.js';
import { bring } from './cycle.js';
import { desiredOf, readCycles, readPower } from './records.js';

const LOOK_EVERY_MS = 1_000;
/** A controller that ordered power within this is there: it says who boots now, ms. */
const CONTROLLER_QUIET_MS = 300_000;

export interface StartOptions {
  readonly readPolicy: () => Promise<SwitchPolicy>;
  readonly tell: (words: string) => void;
}

/**
 * After a power cut, and where no controller says who may boot: brings the ports of root's list on, one after the other, so that a shelf does not
 * ask one fileserver for all roots at once. Ports that somebody wants off stay off, as do protected ones, and those beyond what
 * remains when a supply fails. Ends when each was seen to.
 */
export async function startStaggered(
  host: ActuatorHost,
  { readPolicy, tell }: StartOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = host;
  const { power } = await readPolicy();
  if (power.start === undefined) return;
  const { afterMs, everyMs } = power.start;
  await clock.sleep(afterMs, signal);
  for (const port of power.start.ports) {
    await waitForQuiet(host, signal);
    try {
      if (!(await startOne(host, await readPolicy(), port, tell, signal))) continue;
    } catch (error) {
      if (signal.aborted) throw error;
      tell(`${port} stays as it is: ${BrambleError.from(error).message}`);
      continue;
    }
    await clock.sleep(everyMs, signal);
  }
}

/** While a controller orders power, it says who boots. */
async function waitForQuiet(host: ActuatorHost, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { bootId, orderedAtMs } = await readPower(host);
    const isOrdering = bootId === host.bootId && orderedAtMs > 0;
    if (!isOrdering || host.clock.monotonicMs() - orderedAtMs >= CONTROLLER_QUIET_MS) return;
    await host.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** Whether it was brought on now. */
async function startOne(
  host: ActuatorHost,
  policy: SwitchPolicy,
  port: string,
  tell: StartOptions['tell'],
  signal: AbortSignal,
): Promise<boolean> {
  const isMine = !policy.protectedPorts.includes(port) && desiredOf(await readPower(host), port) !== 'off';
  const isCycling = (await readCycles(host)).some((cycle) => cycle.port === port);
  if (!isMine || isCycling) return false;
  const driver = await chooseDriver(host, policy.power, port, signal);
  if ((await driver.state(port, signal)) !== 'off') return false;
  const why = whyOverBudget(policy.power.suppliesMilliwatts, await driver.allocations(signal), port);
  if (why !== undefined) {
    tell(`${port} stays off: ${why}`);
    return false;
  }
  await bring(host, driver, port, 'on', signal);
  tell(`${port} gives power: no controller said who may boot`);
  return true;
}
