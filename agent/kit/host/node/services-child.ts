import { type ChildProcess, spawn } from 'node:child_process';
import { BrambleError } from '../../../../proto/contract/errors.js';
import type { Random } from '../../../../proto/contract/random.js';
import type { ServiceState, Services } from '../ports.js';

/** How long a unit has to end by itself before it is killed. */
const STOP_TIMEOUT_MS = 5_000;

export interface ChildServicesOptions {
  /** What runs, by unit name. Nothing is started before `start`. */
  readonly units: Readonly<Record<string, readonly [string, ...string[]]>>;
  readonly random: Random;
  /** What a reboot means here; without it a reboot is unsupported. */
  readonly reboot?: () => void;
}

export interface ChildServices extends Services {
  start(): void;
  /** Ends every unit and waits for it. */
  close(): Promise<void>;
}

/** Child processes in place of a service manager, for labs, tests and the quick start. What ends is not started again. */
export function makeChildServices(options: ChildServicesOptions): ChildServices {
  const units = new Map(
    Object.entries(options.units).map(([name, argv]) => [name, new ChildUnit(argv, options.random)] as const),
  );
  const find = (name: string): ChildUnit => {
    const unit = units.get(name);
    if (unit === undefined) throw new BrambleError('not-found', `no such unit: ${name}`);
    return unit;
  };
  return {
    start: () => {
      for (const unit of units.values()) unit.start();
    },
    state: async (name) => find(name).state(),
    restart: async (name) => find(name).restart(),
    reboot: async () => {
      if (options.reboot === undefined)
        throw new BrambleError('unsupported', 'this machine cannot be rebooted from here');
      options.reboot();
    },
    close: async () => {
      await Promise.all([...units.values()].map((unit) => unit.stop()));
    },
  };
}

class ChildUnit {
  readonly #argv: readonly [string, ...string[]];
  readonly #random: Random;
  #process: ChildProcess | undefined;
  #invocationId = '';
  #active = 'inactive';

  constructor(argv: readonly [string, ...string[]], random: Random) {
    this.#argv = argv;
    this.#random = random;
  }

  state(): ServiceState {
    return { active: this.#active, invocationId: this.#invocationId };
  }

  start(): void {
    const [program, ...args] = this.#argv;
    const child = spawn(program, args, { shell: false, stdio: 'ignore' });
    this.#process = child;
    this.#active = 'active';
    this.#invocationId = Buffer.from(this.#random.bytes(16)).toString('hex');
    const ended = (active: string): void => {
      if (this.#process !== child) return;
      this.#process = undefined;
      this.#active = active;
    };
    child.on('error', () => {
      ended('failed');
    });
    child.on('exit', (status) => {
      ended(status === 0 ? 'inactive' : 'failed');
    });
  }

  async restart(): Promise<void> {
    await this.stop();
    this.start();
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => {
        resolve();
      });
      child.once('error', () => {
        resolve();
      });
    });
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
    this.#active = 'inactive';
  }
}
