import type { Random } from '../../proto/contract/random.js';
import type { HostClock } from '../kit/host/ports.js';
import type { SimKernelFiles } from '../sim/sim-kernel-files.js';
import { SimKernelLog } from '../sim/sim-kernel-log.js';
import { advanceMachine, bootedMachine, type Influence, type MachineState, NO_INFLUENCE } from './machine.js';
import { makeMachineKernel } from './machine-kernel.js';
import type { PiSpec } from './pi-spec.js';
import { SiteLink } from './site-link.js';
import { TROUBLES, type Trouble, type TroubleKind } from './trouble.js';

/** Reads within this time see the same moment: one poll of an agent reads a dozen files, ms. */
const SAME_MOMENT_MS = 200;
/** How often a link that flaps loses its carrier, ms. */
const FLAP_MS = 8_000;

/** Which boot a machine is in. It outlives the program that simulates it. */
export interface Boot {
  readonly bootId: string;
  readonly bootedAtMs: number;
  readonly isColdBoot: boolean;
}

/** One simulated board with its kernel, from boot to boot. */
export class SimulatedMachine {
  readonly spec: PiSpec;
  readonly link = new SiteLink();
  readonly #clock: HostClock;
  readonly #random: Random;
  #boot: Boot;
  #state: MachineState;
  #kernel: SimKernelFiles;
  #kernelLog: SimKernelLog;
  #trouble: Trouble | undefined;
  /** When the trouble last said or did its repeated thing. */
  #repeatedAtMs = 0;

  /** @param state as it was when it was left; absent = what a Pi that booted then may have come to */
  constructor(
    spec: PiSpec,
    boot: Boot,
    deps: { readonly clock: HostClock; readonly random: Random },
    state?: MachineState,
  ) {
    this.spec = spec;
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#boot = boot;
    const nowMs = deps.clock.nowMs();
    this.#state = state ?? bootedMachine(spec, nowMs, nowMs - boot.bootedAtMs);
    this.#kernel = this.#makeKernel();
    this.#kernelLog = this.#makeKernelLog();
  }

  get boot(): Boot {
    return this.#boot;
  }

  get state(): MachineState {
    return this.#stateNow();
  }

  get kernel(): SimKernelFiles {
    return this.#kernel;
  }

  get kernelLog(): SimKernelLog {
    return this.#kernelLog;
  }

  /** The last trouble, over or not. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** Switches it on, anew. */
  switchOn(boot: Boot): void {
    this.#boot = boot;
    this.#state = bootedMachine(this.spec, this.#clock.nowMs(), 0);
    this.link.reboot();
    this.#kernel = this.#makeKernel();
    this.#kernelLog = this.#makeKernelLog();
    this.#kernelLog.write(`Linux version (${this.spec.board.model})`);
  }

  begin(trouble: Trouble): void {
    this.#trouble = trouble;
    this.#repeatedAtMs = trouble.startedAtMs;
    const { says, link }: TroubleKind = TROUBLES[trouble.name];
    if (says?.first !== undefined) this.#kernelLog.write(says.first, KERNEL_WARNING);
    if (link === 'down') this.link.cut();
  }

  /** Lets the trouble go on, or end; to be called every few seconds. */
  tick(): void {
    const trouble = this.#trouble;
    if (trouble === undefined) return;
    const nowMs = this.#clock.nowMs();
    const { says, link }: TroubleKind = TROUBLES[trouble.name];
    if (nowMs < trouble.endsAtMs) {
      if (link === 'flapping' && this.#isDue(nowMs, FLAP_MS)) this.link.blink();
      const again = says?.again;
      if (again !== undefined && this.#isDue(nowMs, again.everyS * 1_000)) {
        this.#kernelLog.write(again.line, KERNEL_ERROR);
      }
    } else if (this.#repeatedAtMs !== Number.POSITIVE_INFINITY) {
      this.#repeatedAtMs = Number.POSITIVE_INFINITY; // the end is told once
      if (says?.last !== undefined) this.#kernelLog.write(says.last);
      if (link === 'down') this.link.mend();
    }
  }

  #isDue(nowMs: number, everyMs: number): boolean {
    if (nowMs - this.#repeatedAtMs < everyMs) return false;
    this.#repeatedAtMs = nowMs;
    return true;
  }

  #stateNow(): MachineState {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#state.atMs >= SAME_MOMENT_MS) {
      const at = { nowMs, random: this.#random };
      this.#state = advanceMachine(this.spec, this.#state, this.#influence(nowMs), at);
    }
    return this.#state;
  }

  #influence(nowMs: number): Influence {
    if (this.#trouble === undefined || nowMs >= this.#trouble.endsAtMs) return NO_INFLUENCE;
    return { ...NO_INFLUENCE, ...TROUBLES[this.#trouble.name].influence };
  }

  #makeKernel(): SimKernelFiles {
    return makeMachineKernel({
      ...this.#boot,
      spec: this.spec,
      state: () => this.#stateNow(),
      link: () => this.link,
    });
  }

  #makeKernelLog(): SimKernelLog {
    return new SimKernelLog(() => this.#clock.nowMs() - this.#boot.bootedAtMs);
  }
}

/** Levels of syslog(3); the facility of the kernel is 0. */
const KERNEL_ERROR = 3;
const KERNEL_WARNING = 4;
