import { BrambleError } from '../../proto/contract/errors.js';
import { budgetOf } from '../../proto/contract/switch/power.js';
import type { ActuatorHost } from '../actuator/host.js';
import type { SwitchPolicy } from '../actuator/policy.js';
import { chooseDriver } from './choose.js';
import type { PowerDriver, PowerState } from './driver.js';
import { desiredOf, readCycles, readPower } from './records.js';

/** Ports and outlets that are asked for in one look: each may cost a program. */
const PORTS_MAX = 64;

/** What is, and what was asked for, of everything whose power is switched here. */
export interface PowerStatus {
  readonly ports: readonly {
    readonly port: string;
    readonly actual: PowerState;
    /** Empty = nobody has asked for anything yet. */
    readonly desired: 'on' | 'off' | '';
    /** It is off for a moment: no drift. */
    readonly isCycling: boolean;
  }[];
  /** What each supply gives to ports, milliwatts, in root's order; empty = root did not say. */
  readonly supplies: readonly number[];
  /** With all of them, and when the largest fails; 0 = not known. */
  readonly budgetMilliwatts: number;
  readonly spareMilliwatts: number;
  /** Of all ports together; -1 = the hardware does not say, or says it to anybody. */
  readonly allocatedMilliwatts: number;
}

/** @throws BrambleError as the drivers do; a switch that switches no power has no ports here */
export async function powerStatus(
  host: ActuatorHost,
  { power, powerPorts }: SwitchPolicy,
  signal: AbortSignal,
): Promise<PowerStatus> {
  const memory = await readPower(host);
  const cycling = new Set((await readCycles(host)).map(({ port }) => port));
  const known = [...powerPorts, ...power.outlets.keys(), ...memory.keptOff, ...memory.keptOn, ...cycling];
  const ports = [];
  let driver: PowerDriver | undefined;
  for (const port of [...new Set(known)].slice(0, PORTS_MAX)) {
    let actual: PowerState = 'unknown';
    try {
      driver = await chooseDriver(host, power, port, signal);
      actual = await driver.state(port, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const { code } = BrambleError.from(error);
      if (code === 'unsupported') continue;
    }
    ports.push({ port, actual, desired: desiredOf(memory, port), isCycling: cycling.has(port) });
  }
  // poectl tells of all ports at once, without root: the agent asks it by itself.
  const asked = driver?.name === 'poectl' ? undefined : driver;
  const allocated = await asked?.allocations(signal).catch(() => undefined); // told as unknown
  const { all, spare } = budgetOf(power.suppliesMilliwatts);
  return {
    ports,
    supplies: power.suppliesMilliwatts,
    budgetMilliwatts: all,
    spareMilliwatts: spare,
    allocatedMilliwatts: allocated === undefined ? -1 : [...allocated.values()].reduce((sum, each) => sum + each, 0),
  };
}
