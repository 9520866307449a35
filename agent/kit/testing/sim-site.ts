import { Command, type CommandState } from '../../../proto/gen/bramble/agent/v1/command.js';
import { makeReboot } from '../actions/reboot.js';
import { makeRestartUnit } from '../actions/restart-unit.js';
import { hostCollectors } from '../collectors/index.js';
import { runAgent } from '../run-agent.js';
import type { AgentOptions } from '../runtime/agent-options.js';
import { collectedLog } from './collected-log.js';
import { commandIdOf } from './signed-command.js';
import { SIM_WALL_CLOCK_MS } from './sim-clock.js';
import { SIM_ENDPOINT, SIM_NODE_ID, SIM_PIN, SIM_TOKEN, SimController } from './sim-controller.js';
import { makeSimHost, type SimHost, type SimHostOptions } from './sim-host.js';
import { SimNetwork } from './sim-net.js';
import type { SimPath } from './sim-path.js';
import { SimWorld } from './sim-world.js';

/** Units that commands may restart. */
export const SIM_UNITS = ['ssh.service', 'cron.service', 'nginx.service', 'chrony.service', 'docker.service'] as const;

const AGE_OF_BUILD_MS = 90 * 86_400_000;
const COMMAND_VALID_MS = 300_000;

/** One board with its agent, and its controller, in one simulated world. */
export class SimSite {
  readonly world: SimWorld;
  readonly network: SimNetwork;
  readonly controller: SimController;
  readonly log = collectedLog();
  host: SimHost;
  /** How often the agent said that it is ready, and that it makes progress. */
  readyCount = 0;
  progressCount = 0;
  /** Overrides options of the agents that are started from now on. */
  change: Partial<AgentOptions> = {};
  /** The end of the newest agent. */
  ended: Promise<void> = Promise.resolve();
  #stop = new AbortController();

  constructor(seed = 1, options: SimHostOptions = {}) {
    this.world = new SimWorld(seed);
    this.network = new SimNetwork(this.world);
    this.controller = new SimController(this.world);
    this.network.listen(SIM_ENDPOINT, this.controller);
    this.host = makeSimHost(this.world, 'pi', { network: this.network, units: SIM_UNITS, ...options });
    this.host.board.kernel.set('/proc/sys/kernel/hostname', 'pi-07\n');
  }

  get path(): SimPath {
    return this.network.path('pi');
  }

  start(): void {
    this.#stop = new AbortController();
    const { host, log } = this;
    const options: AgentOptions = {
      kind: 'pi',
      version: '1.2.3',
      host,
      log,
      stateDir: '/state',
      join: { controller: SIM_ENDPOINT, pin: SIM_PIN, token: SIM_TOKEN },
      collectors: (probe) => hostCollectors(probe),
      handlers: { restartUnit: makeRestartUnit(new Set(SIM_UNITS)), reboot: makeReboot() },
      buildTimeMs: SIM_WALL_CLOCK_MS - AGE_OF_BUILD_MS,
      progress: () => {
        this.progressCount += 1;
      },
      tidyMemory: () => undefined,
      notifyReady: () => {
        this.readyCount += 1;
      },
      ...this.change,
    };
    this.ended = runAgent(options, this.#stop.signal);
    this.ended.catch((error: unknown) => {
      this.world.fail(error);
    });
  }

  /** Asks the agent to end; answers with how long that took, ms. */
  async stop(): Promise<number> {
    const beforeMs = this.world.nowMs;
    this.#stop.abort();
    await this.world.settle(this.ended);
    return this.world.nowMs - beforeMs;
  }

  /** Kills the agent, or cuts the power, and starts it again. */
  restart(how: 'kill' | 'power' = 'kill'): void {
    this.host.crash(how);
    this.host = this.host.restart();
    this.start();
  }

  /** Time passes. */
  async pass(ms: number): Promise<void> {
    await this.world.runFor(ms);
  }

  /** The n-th command: restarts one of the units. */
  restartUnit(n: number, change: Partial<Command> = {}): Command {
    return Command.create({
      id: commandIdOf(n),
      targetNodeId: SIM_NODE_ID,
      epoch: 1,
      issuedAtUnixMs: this.controller.nowMs,
      validForMs: COMMAND_VALID_MS,
      action: { $case: 'restartUnit', value: { unit: unitOf(n) } },
      ...change,
    });
  }

  /** States of the n-th command that the controller was told, in order. */
  storyOf(n: number): readonly CommandState[] {
    const updates = this.controller.eventsOf('commandUpdate');
    return updates.filter(({ commandId }) => commandId === commandIdOf(n)).map(({ state }) => state);
  }

  /** How often the unit of the n-th command was restarted. */
  restartsOf(n: number): number {
    return this.host.board.units.restarts(unitOf(n));
  }

  /** How often that unit was started, by commands and with the machine. */
  startsOf(n: number): number {
    return this.host.board.units.starts(unitOf(n));
  }
}

function unitOf(n: number): string {
  return SIM_UNITS[n % SIM_UNITS.length] ?? SIM_UNITS[0];
}
