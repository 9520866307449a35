import { BrambleError } from '../../../proto/contract/errors.js';
import type { Exec, KernelFiles, Machine, Services } from '../host/ports.js';
import { readJournal } from './journal.js';
import type { Led } from './led.js';
import { remount } from './remount.js';
import { askStorage, changeRaid } from './storage.js';
import { stepClock } from './time-service.js';
import { readTraffic } from './traffic.js';

export interface LocalMachineOptions {
  readonly exec: Exec;
  readonly kernel: KernelFiles;
  readonly services: Services;
  readonly led: Led;
  /** What carries out orders of the agent's own kind; absent = there are none. */
  readonly own?: OwnOrders | undefined;
}

/** @throws BrambleError of the order */
export type OwnOrders = Machine['own'];

/** The machine that this process runs on, with the rights that this process has. */
export function makeLocalMachine({ exec, kernel, services, led, own = noOrders }: LocalMachineOptions): Machine {
  return {
    remount: (mountPoint, access, signal) => remount({ exec, kernel }, mountPoint, access, signal),
    stepClock: (signal) => stepClock({ exec, kernel, services }, signal),
    blink: (forMs, signal) => led.blink(forMs, signal),
    endBlink: () => led.restoreLeft(),
    journal: (source, linesMax, signal) => readJournal(exec, source, linesMax, signal),
    storage: (question, signal) => askStorage({ exec, kernel }, question, signal),
    raid: (order, signal) => changeRaid({ exec, kernel }, order, signal),
    own,
    traffic: (interfaces, signal) => readTraffic({ exec, kernel }, interfaces, signal),
  };
}

const noOrders: OwnOrders = () =>
  Promise.reject(new BrambleError('unsupported', 'this agent has no orders of its own kind'));

/** For agents that have nothing to do with the machine they run on. */
export function noMachine(): Machine {
  const refuse = (): Promise<never> =>
    Promise.reject(new BrambleError('unsupported', 'the configuration of this agent names no service manager'));
  return {
    remount: refuse,
    stepClock: refuse,
    blink: refuse,
    endBlink: refuse,
    journal: refuse,
    storage: refuse,
    raid: refuse,
    own: refuse,
    traffic: refuse,
  };
}
