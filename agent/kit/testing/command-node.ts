import { Command, type CommandUpdate } from '../../../proto/gen/bramble/agent/v1/command.js';
import { makeRestartUnit } from '../actions/restart-unit.js';
import { CommandDispatcher } from '../command/dispatcher.js';
import type { Handlers } from '../command/handler.js';
import { Ledger } from '../durable/ledger.js';
import { ControllerClock } from '../session/controller-clock.js';
import { agentView } from './action-host.js';
import { collectedLog } from './collected-log.js';
import { commandIdOf, makeCommandSigner } from './signed-command.js';
import { makeSimHost, type SimHost } from './sim-host.js';
import { SimWorld } from './sim-world.js';

export const NODE = 'n-0000000000001';
export const UNIT = 'ssh.service';
export const CONTROLLER_MS = 1_780_000_000_000;
export const signer = makeCommandSigner();

/** The n-th command: restarts the one unit of the node. */
export function restart(n: number, change: Partial<Command> = {}): Command {
  return Command.create({
    id: commandIdOf(n),
    targetNodeId: NODE,
    epoch: 1,
    issuedAtUnixMs: CONTROLLER_MS,
    validForMs: 60_000,
    action: { $case: 'restartUnit', value: { unit: UNIT } },
    ...change,
  });
}

/** A node whose agent may die and come back; what was told outlives it. */
export class CommandNode {
  readonly world: SimWorld;
  readonly told: CommandUpdate[] = [];
  host: SimHost;
  /** For dispatchers that are started from now on. */
  handlers: Handlers = { restartUnit: makeRestartUnit(new Set([UNIT])) };
  /** The controller tells the newest dispatcher the time. */
  welcome: () => void = () => {};
  #ledger: Ledger | undefined;

  constructor(seed = 1) {
    this.world = new SimWorld(seed);
    this.host = makeSimHost(this.world, 'node', { units: [UNIT] });
  }

  /** The next process: its ledger, and a dispatcher that settles what it finds there. */
  async start({ hasWelcome = true, bootId = 'boot-1' } = {}): Promise<CommandDispatcher> {
    const { host, world, told, handlers } = this;
    const ledger = await world.settle(Ledger.open({ files: host.files, path: '/state/ledger' }));
    const controllerClock = new ControllerClock(host.clock);
    if (hasWelcome) controllerClock.anchor(CONTROLLER_MS + world.nowMs);
    this.#ledger = ledger;
    const dispatcher = new CommandDispatcher({
      host,
      nodeId: NODE,
      bootId,
      commandKeys: () => [signer.key],
      handlers,
      ledger,
      controllerClock,
      agent: agentView(),
      tell: async (update) => {
        told.push(update);
      },
      log: collectedLog(),
    });
    dispatcher.settle();
    this.welcome = () => controllerClock.anchor(CONTROLLER_MS + world.nowMs);
    return dispatcher;
  }

  get ledger(): Ledger {
    if (this.#ledger === undefined) throw new Error('not started');
    return this.#ledger;
  }

  /** What was told of a command: states, or the reason of a rejection. */
  storyOf(n: number): readonly number[] {
    return this.told.filter(({ commandId }) => commandId === commandIdOf(n)).map(({ state }) => state);
  }

  get restarts(): number {
    return this.host.board.units.restarts(UNIT);
  }
}
