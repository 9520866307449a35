import { BUILD_TIME_MS, VERSION } from '../../proto/contract/build.js';
import { type Random, uuidv7 } from '../../proto/contract/random.js';
import type { JoinFile } from '../kit/enroll/join.js';
import type { Host, HostClock } from '../kit/host/ports.js';
import { errorFields, type Log } from '../kit/log.js';
import { noMachine } from '../kit/machine/local-machine.js';
import { runAgent } from '../kit/run-agent.js';
import type { AgentOptions } from '../kit/runtime/agent-options.js';
import type { BootLog } from './boot-log.js';
import type { Break } from './breaks.js';
import { makeMachineExec, makeMachineServices } from './machine-programs.js';
import { planBoot } from './network-boot.js';
import type { Boot, SimulatedMachine } from './simulated-machine.js';
import { SiteLink } from './site-link.js';
import type { Trouble } from './trouble.js';
import { TROUBLES, type TroubleKind } from './trouble.js';

/** What a shutdown takes until it ends the agent, and from there until the board starts again, ms. */
const SHUTDOWN_MS = 1_500;
const HALT_MS = 4_000;
/** As the agent's unit waits (RestartSec). */
const AGENT_RESTART_MS = 5_000;
/** A card that dies goes on dying until somebody comes, ms. */
const CARD_DIES_MS = 24 * 3_600_000;
/** What somebody takes to change a card, ms. */
const CARD_CHANGE_MS = 8_000;
/** A kernel that panics starts the board again (panic=10 of its command line), ms. */
const PANIC_MS = 10_000;
/** How soon a board notices that its port gives power again, ms. */
const POWER_LOOK_MS = 500;

/** What makes one of the agents out of the kit, and a board of its own kind out of a Pi. */
export interface DemoAgent extends Pick<AgentOptions, 'kind' | 'collectors' | 'watches' | 'handlers'> {
  /** Units beside those that every board has. */
  readonly units: readonly string[];
  /** Puts in what this kind of board has and a Pi does not; called at every start of the agent. */
  readonly equip: (host: Host) => Host;
}

export interface DemoNodeOptions {
  readonly machine: SimulatedMachine;
  readonly agent: DemoAgent;
  /** Where the fileserver writes down what it sees of boots. */
  readonly bootLog: BootLog | undefined;
  /** Adapters of this process: what is not simulated. */
  readonly real: Pick<Host, 'clock' | 'files' | 'gzip' | 'keys' | 'net' | 'random'>;
  readonly stateDir: string;
  readonly join: JoinFile | undefined;
  readonly log: Log;
  /** A new boot has begun, and must be remembered. */
  readonly onBoot: () => void;
  readonly tidyMemory: () => void;
}

/** A real agent on a simulated board: runs, restarts, loses its power and boots like one. */
export class DemoNode {
  readonly machine: SimulatedMachine;
  readonly #options: DemoNodeOptions;
  /** Of the boot that runs, or begins: it ends with the power, a restart, or the site. */
  #life = new AbortController();
  /** How long the board will be off once its life has ended; `undefined` = it stays on. */
  #off: { readonly ms: number; readonly isColdBoot: boolean } | undefined;
  #hasPower = true;
  #isPortOn = true;
  /** Between its agent and the controller, behind the cable: nobody at the switch sees it. */
  readonly #reach = new SiteLink();
  /** Its kernel stands still until its power is cut. */
  #isHung = false;
  #breaks: readonly Break[] = [];
  /** The root that it is served has a kernel that panics. */
  #panics = false;

  constructor(options: DemoNodeOptions) {
    this.machine = options.machine;
    this.#options = options;
  }

  /** Whether whoever is at the other end of its cable sees a link. */
  get isLinkUp(): boolean {
    return this.#off === undefined && this.machine.link.isUp;
  }

  /** Whether its system does nothing: it hangs, is off, or has not started yet. */
  get isStill(): boolean {
    return this.#isHung || this.#off !== undefined;
  }

  /** Resolves when the signal has aborted and the agent has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const end = (): void => this.#life.abort();
    signal.addEventListener('abort', end, { once: true });
    while (!signal.aborted) {
      this.#life = new AbortController();
      await this.#live(this.#life.signal).catch(() => undefined); // its power goes, or the site ends
    }
    signal.removeEventListener('abort', end);
  }

  /** From the moment that it has power, or its agent starts again, until the agent has ended. */
  async #live(life: AbortSignal): Promise<void> {
    const { real, log } = this.#options;
    if (this.#off !== undefined) await this.#bootAnew(this.#off, life);
    await this.#runAgent(life).catch((error: unknown) => {
      log.error(errorFields(error), 'the agent ended');
    });
    if (this.#off === undefined) await real.clock.sleep(AGENT_RESTART_MS, life);
  }

  begin(trouble: Trouble): void {
    this.machine.begin(trouble);
    const { powerCut }: TroubleKind = TROUBLES[trouble.name];
    if (powerCut === true) this.#cut(trouble.endsAtMs - trouble.startedAtMs);
  }

  /** What it is served boots, or its kernel panics; it counts from the next boot on. */
  setRoot(panics: boolean): void {
    this.#panics = panics;
  }

  /** The port at the other end of its cable gives power, or does not. */
  setPower(isOn: boolean): void {
    this.#isPortOn = isOn;
    this.#applyPower();
  }

  /** What visitors have broken, of all nodes. What is mended is not there any more. */
  setBreaks(all: readonly Break[]): void {
    const own = all.filter(({ kind, name }) => kind === 'cut-uplink' || name === this.machine.spec.name);
    const before = this.#breaks;
    const isIn = (list: readonly Break[], { id }: Break): boolean => list.some((each) => each.id === id);
    this.#breaks = own;
    for (const each of own) if (!isIn(before, each)) this.#break(each);
    for (const each of before) if (!isIn(own, each)) this.#mend(each);
    this.#applyPower();
    this.#applyReach();
  }

  #break({ kind }: Break): void {
    const nowMs = this.#options.real.clock.nowMs();
    if (kind === 'hang') this.#isHung = true;
    const endsAtMs = nowMs + CARD_DIES_MS;
    if (kind === 'kill-sd' && this.machine.spec.card !== undefined)
      this.machine.begin({ name: 'card-dying', startedAtMs: nowMs, endsAtMs, quietUntilMs: endsAtMs });
    this.#options.log.info({ kind }, 'somebody breaks it');
  }

  #mend({ kind }: Break): void {
    if (kind === 'hang') this.#isHung = false;
    if (kind !== 'kill-sd' || this.machine.spec.card === undefined) return;
    const nowMs = this.#options.real.clock.nowMs();
    this.machine.begin({ name: 'card-dying', startedAtMs: nowMs, endsAtMs: nowMs, quietUntilMs: nowMs });
    this.#cut(CARD_CHANGE_MS);
  }

  #applyPower(): void {
    const isOn = this.#isPortOn && !this.#breaks.some(({ kind }) => kind === 'pull-plug');
    if (isOn === this.#hasPower) return;
    this.#hasPower = isOn;
    if (!isOn) this.#cut(0);
  }

  #applyReach(): void {
    if (this.#isHung || this.#breaks.some(({ kind }) => kind === 'cut-uplink')) this.#reach.cut();
    else this.#reach.mend();
  }

  #cut(forMs: number): void {
    this.#options.log.info({}, 'its power is cut');
    this.machine.link.cut(); // first, so that no goodbye gets out
    this.#isHung = false;
    this.#off = { ms: forMs, isColdBoot: true };
    this.#life.abort();
  }

  /** Resolves when everything is up but the agent. @throws BrambleError `cancelled` */
  async #bootAnew(
    { ms, isColdBoot }: { readonly ms: number; readonly isColdBoot: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const { real, bootLog } = this.#options;
    await real.clock.sleep(ms, signal);
    while (!this.#hasPower) await real.clock.sleep(POWER_LOOK_MS, signal);
    while (this.#off !== undefined) {
      for (const { afterMs, lines, startsKernel } of planBoot(this.machine.spec, real.random)) {
        await real.clock.sleep(afterMs, signal);
        bootLog?.write(lines, real.clock.nowMs());
        if (startsKernel === true && !this.#panics) this.#switchOn(isColdBoot);
      }
      if (this.#off !== undefined) await real.clock.sleep(PANIC_MS, signal);
    }
  }

  #switchOn(isColdBoot: boolean): void {
    const { real, onBoot } = this.#options;
    this.#off = undefined;
    this.machine.link.mend();
    this.#applyReach();
    this.machine.switchOn(newBoot(real.clock.nowMs(), real.random, isColdBoot));
    onBoot();
  }

  /** What systemd does when it is asked to reboot: it ends the agent, which says goodbye. */
  #reboot(): void {
    const { real, log } = this.#options;
    this.#off = { ms: HALT_MS, isColdBoot: false };
    log.info({}, 'it restarts');
    const life = this.#life;
    void real.clock.sleep(SHUTDOWN_MS, life.signal).then(
      () => life.abort(),
      () => undefined, // it has ended already
    );
  }

  async #runAgent(signal: AbortSignal): Promise<void> {
    const { machine, agent, real, stateDir, join, log, tidyMemory } = this.#options;
    const { kind, collectors, watches, handlers } = agent;
    const clock = boardClock(real.clock, machine.boot);
    const services = makeMachineServices({ clock, random: real.random, units: agent.units }, () => this.#reboot());
    const host = agent.equip({
      clock,
      services,
      machine: noMachine(),
      files: real.files,
      gzip: real.gzip,
      keys: real.keys,
      random: real.random,
      net: this.#reach.over(machine.link.over(real.net)),
      kernel: machine.kernel,
      kernelLog: machine.kernelLog.open(),
      exec: makeMachineExec(clock, machine.spec.host % 7),
    });
    const nothing = (): void => undefined;
    await runAgent(
      {
        ...{ kind, collectors, watches, handlers, version: VERSION, host, log, stateDir, join, tidyMemory },
        buildTimeMs: BUILD_TIME_MS,
        progress: nothing,
        notifyReady: nothing,
      },
      signal,
    );
  }
}

/** A boot that begins now. */
export function newBoot(nowMs: number, random: Random, isColdBoot: boolean): Boot {
  return { bootId: uuidv7(nowMs, random), bootedAtMs: nowMs, isColdBoot };
}

/** Real time, counted from the boot of the simulated board. */
function boardClock(clock: HostClock, { bootedAtMs }: Boot): HostClock {
  const offsetMs = Math.max(0, clock.nowMs() - bootedAtMs) - clock.monotonicMs();
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs() + offsetMs,
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
}
