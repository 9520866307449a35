import { BUILD_TIME_MS, VERSION } from '../../proto/contract/build.js';
import { type Random, uuidv7 } from '../../proto/contract/random.js';
import type { JoinFile } from '../kit/enroll/join.js';
import type { Host, HostClock } from '../kit/host/ports.js';
import { errorFields, type Log } from '../kit/log.js';
import { noMachine } from '../kit/machine/local-machine.js';
import { runAgent } from '../kit/run-agent.js';
import { piCollectors } from '../pi/collectors/index.js';
import { piHandlers } from '../pi/commands/index.js';
import { EXAMPLE_UNIT, makeMachineExec, makeMachineServices } from './machine-programs.js';
import type { Boot, SimulatedMachine } from './simulated-machine.js';
import type { Trouble } from './trouble.js';
import { TROUBLES, type TroubleKind } from './trouble.js';

/** What a shutdown takes until it ends the agent, and a Pi to be back after an orderly restart, ms. */
const SHUTDOWN_MS = 1_500;
const RESTART_MS = [18_000, 35_000] as const;
/** As the agent's unit waits (RestartSec). */
const AGENT_RESTART_MS = 5_000;

export interface DemoPiOptions {
  readonly machine: SimulatedMachine;
  /** Adapters of this process: what is not simulated. */
  readonly real: Pick<Host, 'clock' | 'files' | 'gzip' | 'keys' | 'net' | 'random'>;
  readonly stateDir: string;
  readonly join: JoinFile | undefined;
  readonly log: Log;
  /** A new boot has begun, and must be remembered. */
  readonly onBoot: () => void;
  readonly tidyMemory: () => void;
}

/** A real agent on a simulated board: runs, restarts and loses its power like one. */
export class DemoPi {
  readonly machine: SimulatedMachine;
  readonly #options: DemoPiOptions;
  #agent = new AbortController();
  /** How long the board will be off once its agent has ended; `undefined` = it stays on. */
  #off: { readonly ms: number; readonly isColdBoot: boolean } | undefined;

  constructor(options: DemoPiOptions) {
    this.machine = options.machine;
    this.#options = options;
  }

  /** Resolves when the signal has aborted and the agent has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const { real, log } = this.#options;
    const endAgent = (): void => this.#agent.abort();
    signal.addEventListener('abort', endAgent, { once: true });
    while (!signal.aborted) {
      this.#agent = new AbortController();
      await this.#runAgent(this.#agent.signal).catch((error: unknown) => {
        log.error(errorFields(error), 'the agent ended');
      });
      const off = this.#off;
      await real.clock.sleep(off?.ms ?? AGENT_RESTART_MS, signal).catch(() => undefined); // the site ends
      if (off !== undefined && !signal.aborted) this.#switchOn(off.isColdBoot);
    }
    signal.removeEventListener('abort', endAgent);
  }

  begin(trouble: Trouble): void {
    this.machine.begin(trouble);
    const { powerCut }: TroubleKind = TROUBLES[trouble.name];
    if (powerCut !== true) return;
    this.#options.log.info({}, 'its power is cut');
    this.machine.link.cut(); // first, so that no goodbye gets out
    this.#off = { ms: trouble.endsAtMs - trouble.startedAtMs, isColdBoot: true };
    this.#agent.abort();
  }

  #switchOn(isColdBoot: boolean): void {
    const { real, onBoot } = this.#options;
    this.#off = undefined;
    this.machine.link.mend();
    this.machine.switchOn(newBoot(real.clock.nowMs(), real.random, isColdBoot));
    onBoot();
  }

  /** What systemd does when it is asked to reboot: it ends the agent, which says goodbye. */
  #reboot(): void {
    const { real, log } = this.#options;
    const [shortest, longest] = RESTART_MS;
    this.#off = { ms: shortest + (longest - shortest) * real.random.unit(), isColdBoot: false };
    log.info({}, 'it restarts');
    const agent = this.#agent;
    void real.clock.sleep(SHUTDOWN_MS, agent.signal).then(
      () => agent.abort(),
      () => undefined, // it has ended already
    );
  }

  async #runAgent(signal: AbortSignal): Promise<void> {
    const { machine, real, stateDir, join, log, tidyMemory } = this.#options;
    const clock = boardClock(real.clock, machine.boot);
    const services = makeMachineServices(clock, real.random, () => this.#reboot());
    const host: Host = {
      clock,
      services,
      machine: noMachine(),
      files: real.files,
      gzip: real.gzip,
      keys: real.keys,
      random: real.random,
      net: machine.link.over(real.net),
      kernel: machine.kernel,
      kernelLog: machine.kernelLog.open(),
      exec: makeMachineExec(clock, machine.spec.host % 7),
    };
    const nothing = (): void => undefined;
    await runAgent(
      {
        ...{ kind: 'pi', version: VERSION, host, log, stateDir, join, tidyMemory },
        collectors: (probe) => piCollectors(probe),
        handlers: piHandlers({
          allowedUnits: [EXAMPLE_UNIT],
          allowedMounts: [],
          journalUnits: [],
          settings: { services: 'simulated' },
        }),
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
