/** Carries actions out in the simulated world, as the agents would: late, once, and not at all when they cannot be reached. */

import type { Action, ActionSight, ActionState } from '../../../controller/domain/healing/action.js';
import { isOver } from '../../../controller/domain/healing/action.js';
import { mapFleet } from '../../../controller/domain/topology/fleet-map.js';
import type { SimNode, World } from './world.js';

const DISPATCH_DEADLINE_MS = 60_000;
const RETRY_MS = 10_000;
const OFF_MS = 20_000;
const DURATION_MS = { R1: 25_000, R2: 8_000, R3: 15_000, R6: 45_000, R7: 240_000, R8: 60_000 } as const;

interface Kept extends Action {
  state: ActionState;
  atMs: number;
  changed: boolean;
}

export class Actuator {
  readonly #world: World;
  readonly #kept: Kept[] = [];
  /** How many results were written per action: an action ends exactly once. */
  readonly ends = new Map<string, number>();
  onEnd: (action: ActionSight) => void = () => undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** What the controller knows of: all that is open, and what ended within the last hour. */
  sights(): readonly ActionSight[] {
    const { nowMs } = this.#world;
    const isOld = (one: Kept): boolean => isOver(one.state) && nowMs - one.atMs > 3_600_000;
    while (this.#kept[0] !== undefined && isOld(this.#kept[0])) this.#kept.shift();
    return this.#kept.map((one) => ({ ...one }));
  }

  get openCount(): number {
    return this.#kept.filter(({ state }) => !isOver(state)).length;
  }

  submit(action: Action): void {
    const kept: Kept = { ...action, state: 'queued', atMs: this.#world.nowMs, changed: false };
    this.#kept.push(kept);
    this.#world.timeline.after(this.#world.between(500, 3_000), () => this.#dispatch(kept));
  }

  cancel(id: string): void {
    const kept = this.#kept.find((one) => one.id === id);
    if (kept?.state === 'queued') this.#end(kept, 'cancelled');
  }

  #dispatch(kept: Kept): void {
    if (kept.state !== 'queued') return;
    const node = this.#world.nodes[kept.node];
    if (node === undefined) return;
    if (!this.#isReached(node, kept)) {
      if (this.#world.nowMs - kept.plannedAtMs >= DISPATCH_DEADLINE_MS) this.#end(kept, 'failed');
      else this.#world.timeline.after(RETRY_MS, () => this.#dispatch(kept));
      return;
    }
    this.#set(kept, 'running');
    this.#carryOut(node, kept);
  }

  #isReached(node: SimNode, { rung }: Action): boolean {
    const server = this.#world.fileserverOf(node)?.channel.isUp === true;
    const own = this.#world.switchOf(node)?.channel.isUp === true;
    switch (rung) {
      case 'R1':
        return server || node.channel.isUp;
      case 'R2':
        return node.channel.isUp;
      case 'R3':
        return server;
      case 'R4':
      case 'admit':
        return own;
      default:
        return server && own;
    }
  }

  #carryOut(node: SimNode, kept: Kept): void {
    const { timeline } = this.#world;
    const then = (ms: number, work: () => void): void => {
      timeline.after(ms, () => {
        work();
        this.#report(node, kept);
      });
    };
    switch (kept.rung) {
      case 'R1':
        then(DURATION_MS.R1, () => this.#repair(node, kept));
        return;
      case 'R2':
        then(DURATION_MS.R2, () => {
          if (node.phase === 'running') this.#world.start(node, 'warm', true);
        });
        return;
      case 'R3':
        then(DURATION_MS.R3, () => {
          kept.changed = node.dirMissing;
          node.dirMissing = false;
          if (node.fault?.name === 'boot-dir-missing') node.fault = undefined;
        });
        return;
      case 'admit':
        if (!kept.isCycle) {
          then(100, () => {
            if (node.fault?.name === 'switched-off') node.fault = undefined;
            this.#world.setPort(node, true, true);
          });
          return;
        }
        this.#cycle(node, kept, 0, () => undefined);
        return;
      case 'R4':
        this.#cycle(node, kept, 0, () => undefined);
        return;
      case 'R6':
      case 'R7':
        this.#cycle(node, kept, DURATION_MS[kept.rung], () => {
          node.rootBroken = false;
          if (node.fault?.name === 'root-broken') node.fault = undefined;
        });
        return;
      case 'R8':
        this.#cycle(node, kept, DURATION_MS.R8, () => this.#relocate(node, kept.spare ?? ''));
        return;
      default:
        this.#end(kept, 'failed');
    }
  }

  /** One transaction on the switch: whoever dies meanwhile, power comes back. */
  #cycle(node: SimNode, kept: Kept, workMs: number, whileOff: () => void): void {
    const { timeline } = this.#world;
    this.#world.setPort(node, false, true);
    timeline.after(OFF_MS + workMs, () => {
      whileOff();
      if (node.fault?.name === 'switched-off') node.fault = undefined;
      this.#world.setPort(node, true, true);
      this.#report(node, kept);
    });
  }

  #repair(node: SimNode, kept: Kept): void {
    if (node.phase !== 'running') return;
    kept.changed = node.agentDead || node.unitFailed || node.clockWrong;
    node.agentDead = false;
    node.unitFailed = false;
    node.clockWrong = false;
    const cured = new Set(['agent-dead', 'unit-failed', 'clock-wrong']);
    if (node.fault !== undefined && cured.has(node.fault.name)) node.fault = undefined;
    this.#world.refresh();
  }

  #relocate(node: SimNode, serial: string): void {
    const { topology } = this.#world.map;
    const spare = topology.spares.find(({ board }) => board.serial === serial);
    if (spare === undefined) return;
    const name = this.#world.map.nodes[node.index]?.record.name;
    this.#world.map = mapFleet({
      ...topology,
      nodes: topology.nodes.map((one) => (one.name === name ? { ...one, plug: spare.plug, board: spare.board } : one)),
      spares: topology.spares.filter((one) => one !== spare),
    });
    node.board = 'ok';
    node.cardDying = false;
    node.fault = node.fault?.name === 'root-broken' ? node.fault : undefined;
  }

  /** The result is known when its teller is reached; until then it may have happened or not. */
  #report(node: SimNode, kept: Kept): void {
    const site = this.#world.map.nodes[node.index]?.record.site ?? '';
    if (this.#world.isSiteReached(site)) {
      this.#end(kept, 'succeeded');
      return;
    }
    this.#set(kept, 'unknown');
    this.#world.timeline.after(3 * RETRY_MS, () => this.#report(node, kept));
  }

  #set(kept: Kept, state: ActionState): void {
    if (kept.state === state) return;
    kept.state = state;
    kept.atMs = this.#world.nowMs;
    this.#world.onChange();
  }

  #end(kept: Kept, state: 'succeeded' | 'failed' | 'cancelled'): void {
    this.#set(kept, state);
    this.ends.set(kept.id, (this.ends.get(kept.id) ?? 0) + 1);
    this.onEnd({ ...kept });
  }
}
