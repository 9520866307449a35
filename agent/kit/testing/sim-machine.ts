import { BrambleError } from '../../../proto/contract/errors.js';
import type { SimKernelFiles } from '../../sim/sim-kernel-files.js';
import type {
  HostClock,
  JournalSource,
  Machine,
  MountAccess,
  OrderCaller,
  RaidOrder,
  StorageQuestion,
} from '../host/ports.js';
import type { Traffic } from '../host/traffic.js';
import type { Lifetime } from './lifetime.js';
import type { SimBoardClock } from './sim-clock.js';
import type { SimWorld } from './sim-world.js';

const MOUNTINFO = '/proc/self/mountinfo';

/** What can be done to one simulated machine with root's rights. It outlives the agent. */
export class SimMachine {
  /** Why remounts, steps and blinking fail; `undefined` = they work. */
  failure: BrambleError | undefined;
  /** Wall clock that a step sets; `undefined` = it leaves the clock alone. */
  trueTimeMs: (() => number) | undefined;
  hasLed = true;
  isBlinking = false;
  /** How often each was done. */
  readonly done = { remounts: 0, steps: 0, blinks: 0 };
  /** Journals by unit, the kernel's under "kernel". */
  readonly journals = new Map<string, string>();
  /** Answers to questions about storage, by "kind name". */
  readonly storage = new Map<string, string>();
  /** What was done to md arrays. */
  readonly raidOrders: RaidOrder[] = [];
  /** What orders of the agent's own kind answer; may throw. */
  onOwn: (order: string, signal: AbortSignal, caller: OrderCaller | undefined) => string | Promise<string> = () => {
    throw new BrambleError('unsupported', 'this agent has no orders of its own kind');
  };
  /** What it does to the arrays; may throw. */
  onRaid: (order: RaidOrder) => void = () => undefined;
  /** What it counts; `undefined` = it cannot. */
  traffic: Traffic | undefined;
  /** Interfaces that it was asked to look at, once each time. */
  readonly trafficAsked: string[][] = [];
  readonly #clock: SimBoardClock;
  readonly #kernel: SimKernelFiles;

  constructor(clock: SimBoardClock, kernel: SimKernelFiles) {
    this.#clock = clock;
    this.#kernel = kernel;
  }

  remount(mountPoint: string, access: MountAccess): void {
    this.#fail();
    const word = access === 'read-write' ? 'rw' : 'ro';
    const lines = this.#kernel.readText(MOUNTINFO)?.split('\n') ?? [];
    const changed = lines.map((line) =>
      line.split(' ')[4] === mountPoint ? line.replace(/( - \S+ \S+ )r[ow]/, `$1${word}`) : line,
    );
    this.#kernel.set(MOUNTINFO, changed.join('\n'));
    this.done.remounts += 1;
  }

  step(): void {
    this.#fail();
    if (this.trueTimeMs !== undefined) this.#clock.setWall(this.trueTimeMs());
    this.done.steps += 1;
  }

  startBlinking(): void {
    this.#fail();
    if (!this.hasLed) throw new BrambleError('unsupported', 'this board has no activity LED that can be controlled');
    this.isBlinking = true;
    this.done.blinks += 1;
  }

  readJournal(source: JournalSource): string {
    const text = this.journals.get(source.kind === 'kernel' ? 'kernel' : source.unit);
    if (text === undefined) throw new BrambleError('permission-denied', 'journal is not on this machine’s list');
    return text;
  }

  askStorage(question: StorageQuestion): string {
    this.#fail();
    const text = this.storage.get(
      `${question.kind}${'disk' in question ? ` ${question.disk}` : ''}${'member' in question ? ` ${question.member}` : ''}`,
    );
    if (text === undefined) throw new BrambleError('unsupported', 'this machine has no such program');
    return text;
  }

  changeRaid(order: RaidOrder): void {
    this.#fail();
    this.onRaid(order);
    this.raidOrders.push(order);
  }

  readTraffic(interfaces: readonly string[]): Traffic {
    this.#fail();
    if (this.traffic === undefined) throw new BrambleError('unsupported', 'there is no nft on this machine');
    this.trafficAsked.push([...interfaces]);
    return this.traffic;
  }

  #fail(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}

/** The machine as one agent process may change it: a helper does the work, and ends its blinking with its caller. */
export function makeSimMachine(world: SimWorld, machine: SimMachine, clock: HostClock, life: Lifetime): Machine {
  life.onEnd(() => {
    machine.isBlinking = false;
  });
  const soon = <T>(work: () => T): Promise<T> =>
    life.guard(
      () =>
        new Promise<T>((resolve, reject) => {
          world.after(10, () => {
            try {
              resolve(work());
            } catch (error) {
              reject(BrambleError.from(error));
            }
          });
        }),
    );
  return {
    remount: (mountPoint, access) => soon(() => machine.remount(mountPoint, access)),
    stepClock: () => soon(() => machine.step()),
    blink: async (forMs, signal) => {
      await soon(() => machine.startBlinking());
      try {
        await clock.sleep(forMs, signal);
      } finally {
        machine.isBlinking = false;
      }
    },
    endBlink: () =>
      soon(() => {
        machine.isBlinking = false;
      }),
    journal: (source) => soon(() => machine.readJournal(source)),
    storage: (question) => soon(() => machine.askStorage(question)),
    raid: (order) => soon(() => machine.changeRaid(order)),
    own: async (order, signal, caller) => machine.onOwn(order, signal, caller),
    traffic: (interfaces) => soon(() => machine.readTraffic(interfaces)),
  };
}
