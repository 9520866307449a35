/** The hands of all actuators, and the judge of what they do: by the truth of the world, and after every event. */

import type { ActionSight } from '../../../controller/domain/healing/action.js';
import { isOver } from '../../../controller/domain/healing/action.js';
import type { HealingPolicy } from '../../../controller/domain/healing/policy.js';
import type { Core } from '../../../controller/usecases/core.js';
import { isBehindSomethingElse, Oracle, type Violation } from '../fleet/oracle.js';
import type { SimNode, World } from '../fleet/world.js';
import type { Hands, PowerOrder } from './world-handlers.js';

/** A pause must hold by then. */
const PAUSE_WITHIN_MS = 1_000;
const HOUR_MS = 3_600_000;
const COMMANDS_READ = 1_000;

export class Referee {
  /** Power cuts and repairs that were carried out, in words. */
  readonly deeds: string[] = [];
  readonly #world: World;
  readonly #core: () => Core | undefined;
  readonly #oracle: Oracle;
  readonly #begun = new Set<string>();
  /** Nodes whose power is off for a moment, by an order. */
  readonly #cycling = new Set<number>();
  /** Of the controller that runs; its wall clock. */
  #startedAtMs = 0;
  /** Begun while the controller listened only: whether it gave the order then is told by the order. */
  readonly #inGrace: { readonly commandId: string; readonly what: string; readonly startedAtMs: number }[] = [];
  #pausedSinceMs: number | undefined;
  #pausedUntilMs = 0;

  constructor(world: World, policy: HealingPolicy, core: () => Core | undefined) {
    this.#world = world;
    this.#core = core;
    this.#oracle = new Oracle(world, policy);
  }

  get violations(): readonly Violation[] {
    return this.#oracle.violations;
  }

  controllerStarted(wallClockMs: number): void {
    this.#startedAtMs = wallClockMs;
  }

  paused(forMs: number): void {
    this.#pausedSinceMs = this.#world.nowMs;
    this.#pausedUntilMs = this.#world.nowMs + forMs;
  }

  /** After everything that happened. */
  look(): void {
    this.#oracle.afterEvent();
    const healing = this.#core()?.healing;
    if (healing === undefined) return;
    const open = healing.remedies.sights(healing.map).filter(({ state }: ActionSight) => !isOver(state));
    if (open.length > 0) this.#oracle.judgeFlight(open);
  }

  /** What the agent of that name does. */
  hands(name: string): Hands {
    return {
      begun: (commandId) => {
        if (this.#begun.has(commandId)) this.#tell('I1', `${commandId} is begun twice`);
        this.#begun.add(commandId);
      },
      repairPath: (serial) => this.#repairPath(serial),
      mailbox: (serial) => this.#mailbox(serial),
      power: (order, done) => this.#power(name, order, done),
    };
  }

  #nodeOf(serial: string): SimNode | undefined {
    const { nodes, map } = this.#world;
    return nodes.find(({ index }) => map.nodes[index]?.record.board.serial.slice(-8) === serial);
  }

  /** The board's timer restarts its agent while its kernel and its root are well. */
  #mailbox(serial: string): boolean {
    const node = this.#nodeOf(serial);
    this.deeds.push(`mailbox ${node?.index ?? '?'}`);
    if (node === undefined || !this.#world.serves(node)) return false;
    node.agentDead = false;
    if (node.fault?.name === 'agent-dead') node.fault = undefined;
    this.#world.refresh();
    return true;
  }

  #repairPath(serial: string): boolean {
    const node = this.#nodeOf(serial);
    this.deeds.push(`repair ${node?.index ?? '?'}`);
    if (node?.dirMissing !== true) return false;
    node.dirMissing = false;
    if (node.fault?.name === 'boot-dir-missing') node.fault = undefined;
    return true;
  }

  #power(switchName: string, { commandId, port, action, offMs }: PowerOrder, done: () => void): void {
    const node = this.#world.nodes.find(({ index }) => {
      const mapped = this.#world.map.nodes[index];
      return mapped?.record.plug?.switch === switchName && mapped.port?.interfaceName === port;
    });
    if (node === undefined) {
      this.#tell('H8', `${action} of ${port}, which has no node`);
      done();
      return;
    }
    this.#judgePower(node, action, commandId);
    this.deeds.push(`${action} ${node.index}`);
    const on = (): void => {
      this.#cycling.delete(node.index);
      if (node.fault?.name === 'switched-off') node.fault = undefined;
      this.#world.setPort(node, true, true);
      done();
    };
    if (action === 'on') {
      on();
      return;
    }
    this.#cycling.add(node.index);
    this.#world.setPort(node, false, true);
    this.#world.timeline.after(offMs, on);
  }

  #judgePower(node: SimNode, what: PowerOrder['action'], commandId: string): void {
    const name = this.#world.map.nodes[node.index]?.record.name ?? '';
    const { nowMs } = this.#world;
    const pausedForMs = this.#pausedSinceMs === undefined ? 0 : nowMs - this.#pausedSinceMs;
    if (pausedForMs > PAUSE_WITHIN_MS && nowMs < this.#pausedUntilMs) this.#tell('I7', `${what} of ${name} in a pause`);
    if ((this.#core()?.healing.graceMs ?? 0) > 0)
      this.#inGrace.push({ commandId, what: `${what} of ${name}`, startedAtMs: this.#startedAtMs });
    if (this.#cycling.has(node.index)) this.#tell('I5', `${what} of ${name}, whose power is off for a moment`);
    if (what === 'on') return;
    if (this.#world.map.nodes[node.index]?.port?.isProtected === true) this.#tell('H8', `${what} of ${name}`);
    if (this.#world.serves(node)) this.#tell('H12', `${what} of ${name}, which serves`);
    if (isBehindSomethingElse(node)) this.#tell('H4', `${what} of ${name}, which has no trouble of its own`);
  }

  /** What the store says when all is over: everything done was written down before, every act has one end, none waits for ever. */
  async finish({ healing, store, world: { clock } }: Core): Promise<void> {
    for (const { id, state, atMs } of await store.reader.healing.openActions()) {
      if (state !== 'unknown' && clock.nowMs() - atMs > HOUR_MS) this.#tell('H2', `${id} is ${state} for an hour`);
    }
    for (const { record } of await store.reader.healing.explainRecords({ limit: 1_000 })) {
      if (record.decision === 'hold' && record.objection === undefined)
        this.#tell('H11', `${record.node} is held and no guard says why`);
    }
    const commands = await store.reader.commandsNewest(undefined, { limit: COMMANDS_READ });
    const known = new Set<string>(commands.map(({ id }) => id));
    for (const id of this.#begun)
      if (!known.has(id) && commands.length < COMMANDS_READ) this.#tell('H2', `${id} was done and is on no record`);
    for (const { commandId, what, startedAtMs } of this.#inGrace) {
      const issuedAtMs = commands.find(({ id }) => id === commandId)?.issuedAtMs ?? 0;
      if (issuedAtMs >= startedAtMs) this.#tell('H6', `${what} ${issuedAtMs - startedAtMs} ms after a start`);
    }
    if (healing.lastPassAtMs === undefined) this.#tell('H14', 'nobody has looked at the fleet');
    for (const index of this.#cycling) this.#tell('I6', `the port of node ${index} was left off`);
  }

  #tell(invariant: string, what: string): void {
    this.#oracle.tell(invariant, what);
  }
}
