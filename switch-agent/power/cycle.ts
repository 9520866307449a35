import { BrambleError } from '../../proto/contract/errors.js';
import type { ActuatorHost } from '../actuator/host.js';
import type { SwitchPolicy } from '../actuator/policy.js';
import { whyOverBudget } from './budget.js';
import { chooseDriver } from './choose.js';
import type { PowerDriver, PowerState } from './driver.js';
import { closeCycle, openCycle, type PowerMemory, readCycles, readPower, withDesired, writePower } from './records.js';
import { assertPortName } from './run-program.js';

export interface PowerOrder {
  readonly port: string;
  readonly action: 'on' | 'off' | 'cycle';
  /** How long a cycle stays off, ms. */
  readonly offMs: number;
  /** Place in the queue of booting boards; empty = none. */
  readonly bootLeaseId: string;
}

/** A Pi's supply holds its charge for seconds: shorter is no power cycle. */
export const OFF_MS = { min: 15_000, max: 120_000 } as const;

const HOUR_MS = 3_600_000;
/** The hardware has done what it was told within this, ms. */
const SETTLE_MS = 10_000;
const LOOK_EVERY_MS = 200;
const TRIES = 3;

/**
 * Switches the power of one port. A cycle is one transaction: it is on storage before the power goes, the keeper runs, and whoever
 * finds it there later brings the port on again. Answers in words.
 * @throws BrambleError `permission-denied` (root's list, too many cuts), `failed-precondition`, `invalid-argument`, `unsupported`
 */
export async function switchPower(
  host: ActuatorHost,
  order: PowerOrder,
  policy: SwitchPolicy,
  signal: AbortSignal,
): Promise<string> {
  const { port, action } = order;
  assertPortName(port);
  assertAllowed(order, policy);
  const memory = await readPower(host);
  const isBusy = (await readCycles(host)).some((cycle) => cycle.port === port);
  if (isBusy) throw refused(`${port} is being cycled already`);
  const driver = await chooseDriver(host, policy.power, port, signal);
  if (action === 'on') return turnOn(host, driver, order, policy, signal);
  const counted = countCut(host, memory, policy);
  if (action === 'off') return turnOff(host, driver, counted, port, signal);
  return cycle(host, driver, counted, order, signal);
}

function assertAllowed({ port, action, offMs, bootLeaseId }: PowerOrder, policy: SwitchPolicy): void {
  const denied = (why: string): BrambleError => new BrambleError('permission-denied', why);
  if (policy.protectedPorts.includes(port)) throw denied(`${port} is on root's list of protected ports: never cut`);
  const isOutlet = policy.power.outlets.has(port);
  if (!isOutlet && policy.powerPorts.length > 0 && !policy.powerPorts.includes(port)) {
    throw denied(`${port} is not on root's list of ports whose power may be switched`);
  }
  if (action === 'cycle' && (offMs < OFF_MS.min || offMs > OFF_MS.max)) {
    throw new BrambleError('invalid-argument', `a port is off for ${OFF_MS.min} to ${OFF_MS.max} ms, not ${offMs}`);
  }
  // What hangs on an outlet is no board that asks for its root.
  if (action !== 'off' && !isOutlet && policy.power.needsBootLease && bootLeaseId === '') {
    throw denied('boards of this switch boot one after the other: it takes a boot lease');
  }
}

/** @throws BrambleError `permission-denied` when power was cut too often within the hour */
function countCut({ clock, bootId }: ActuatorHost, memory: PowerMemory, { power }: SwitchPolicy): PowerMemory {
  const nowMs = clock.monotonicMs();
  const recent = memory.bootId === bootId ? memory.cutsAtMs.filter((atMs) => nowMs - atMs < HOUR_MS) : [];
  if (recent.length >= power.cutsPerHour) {
    const why = `power was cut ${recent.length} times within the hour; this switch allows ${power.cutsPerHour}`;
    throw new BrambleError('permission-denied', why, { hint: 'cutsPerHour is in the policy file of the switch' });
  }
  return { ...memory, bootId, cutsAtMs: [...recent, nowMs], orderedAtMs: nowMs };
}

async function turnOn(
  host: ActuatorHost,
  driver: PowerDriver,
  { port }: PowerOrder,
  policy: SwitchPolicy,
  signal: AbortSignal,
): Promise<string> {
  if ((await driver.state(port, signal)) !== 'on') {
    const why = whyOverBudget(policy.power.suppliesMilliwatts, await driver.allocations(signal), port);
    if (why !== undefined) throw refused(`${port} stays off: ${why}`);
  }
  await bring(host, driver, port, 'on', signal);
  const memory = await readPower(host);
  const { bootId, clock } = host;
  const cutsAtMs = memory.bootId === bootId ? memory.cutsAtMs : [];
  const ordered = { ...memory, bootId, cutsAtMs, orderedAtMs: clock.monotonicMs() };
  await writePower(host, withDesired(ordered, port, 'on'));
  return `${port} gives power (${driver.name})`;
}

async function turnOff(
  host: ActuatorHost,
  driver: PowerDriver,
  memory: PowerMemory,
  port: string,
  signal: AbortSignal,
): Promise<string> {
  await writePower(host, withDesired(memory, port, 'off'));
  await bring(host, driver, port, 'off', signal);
  return `${port} gives no power (${driver.name})`;
}

async function cycle(
  host: ActuatorHost,
  driver: PowerDriver,
  memory: PowerMemory,
  { port, offMs }: PowerOrder,
  signal: AbortSignal,
): Promise<string> {
  if ((await driver.state(port, signal)) !== 'on') throw refused(`${port} gives no power: turn it on instead`);
  const onFromMs = host.clock.monotonicMs() + offMs + SETTLE_MS;
  await writePower(host, withDesired(memory, port, 'on'));
  await openCycle(host, { port, bootId: host.bootId, onFromMs });
  try {
    await host.keeper.start({ kind: 'port', port }, signal);
  } catch (cause) {
    await closeCycle(host, port);
    throw new BrambleError('unavailable', 'nobody could be made to bring the port on again: it was not cut', { cause });
  }
  let failure: BrambleError | undefined;
  try {
    await bring(host, driver, port, 'off', signal);
    await host.clock.sleep(offMs, signal);
  } catch (error) {
    failure = BrambleError.from(error);
  }
  // Also when it was not seen to go off: it may have, a moment later. What cannot be brought on now stays with the keeper.
  await bring(host, driver, port, 'on', new AbortController().signal);
  await closeCycle(host, port);
  if (failure !== undefined) throw failure;
  return `${port} was off for ${offMs} ms and gives power again (${driver.name})`;
}

/** Tells the hardware and looks until it has done it. @throws BrambleError `failed-precondition` */
export async function bring(
  { clock }: Pick<ActuatorHost, 'clock'>,
  driver: PowerDriver,
  port: string,
  wanted: 'on' | 'off',
  signal: AbortSignal,
): Promise<void> {
  let state: PowerState = 'unknown';
  for (let attempt = 0; attempt < TRIES; attempt++) {
    await driver.set(port, wanted === 'on', signal);
    const sinceMs = clock.monotonicMs();
    do {
      state = await driver.state(port, signal);
      if (state === wanted) return;
      await clock.sleep(LOOK_EVERY_MS, signal);
    } while (clock.monotonicMs() - sinceMs < SETTLE_MS / TRIES);
  }
  throw refused(`${port} was told to go ${wanted} and is ${state}`);
}

function refused(why: string): BrambleError {
  return new BrambleError('failed-precondition', why);
}
