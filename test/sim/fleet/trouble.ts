/** Makes things go wrong as the fault mix says, or one named thing now; and puts right what ends by itself. */

import type { Change } from '../../../controller/domain/healing/observed.js';
import { randomBelow } from '../../../proto/contract/random.js';
import { FAULT_MIX, type FaultName } from './fault-mix.js';
import type { SimFileserver, SimNode, SimSite, SimSwitch, World } from './world.js';

const [MINUTE_MS, MONTH_MS] = [60_000, 30 * 86_400_000];
/** A board that panics starts by its watchdog. */
const WATCHDOG_MS = 16_000;

/** What the run does when something strikes the controller itself. */
export interface ControllerTrouble {
  restart(awayMs: number): void;
  lag(forMs: number): void;
  restore(forMs: number): void;
  jump(): void;
  change(change: Change): void;
}

export interface Struck {
  readonly name: FaultName;
  readonly node: SimNode | undefined;
  readonly atMs: number;
}

export class Trouble {
  readonly #world: World;
  readonly #controller: ControllerTrouble;
  #changes = 0;
  /** Told of every fault as it strikes. */
  onStrike: (struck: Struck) => void = () => undefined;

  constructor(world: World, controller: ControllerTrouble) {
    this.#world = world;
    this.#controller = controller;
  }

  /**
   * Plans all faults of the mix up to `untilMs`.
   * @param factor how many times as often as in the mix
   * @param without faults that the run has no way to play
   */
  schedule(untilMs: number, factor: number, without: readonly FaultName[] = []): void {
    const { random, timeline, nowMs } = this.#world;
    for (const { name, on, perMonth } of FAULT_MIX) {
      if (without.includes(name)) continue;
      const targets = this.#count(on);
      const perMs = (perMonth * factor * targets) / MONTH_MS;
      for (let atMs = nowMs + gap(perMs); atMs < untilMs; atMs += gap(perMs)) {
        const target = randomBelow(random, targets);
        timeline.at(Math.round(atMs), () => this.strike(name, target));
      }
    }
    function gap(perMs: number): number {
      return -Math.log(1 - random.unit()) / perMs;
    }
  }

  #count(on: (typeof FAULT_MIX)[number]['on']): number {
    const { nodes, fileservers, switches, sites } = this.#world;
    return { node: nodes.length, fileserver: fileservers.size, switch: switches.size, site: sites.size, fleet: 1 }[on];
  }

  /** @param target index among those that the fault can strike */
  strike(name: FaultName, target: number, lastsMs?: number): void {
    const { nodes, fileservers, switches, sites } = this.#world;
    const terms = FAULT_MIX.find((one) => one.name === name);
    if (terms === undefined) return;
    const [low, high] = terms.minutes;
    const ms = lastsMs ?? this.#world.between(low * MINUTE_MS, high * MINUTE_MS);
    const node = nodes[target];
    this.onStrike({ name, node: terms.on === 'node' ? node : undefined, atMs: this.#world.nowMs });
    if (terms.on === 'node' && node !== undefined) this.#strikeNode(name, node, ms);
    else if (terms.on === 'fileserver') this.#strikeFileserver(name, [...fileservers.values()][target], ms);
    else if (terms.on === 'switch') this.#strikeSwitch(name, [...switches.values()][target], ms);
    else if (terms.on === 'site') this.#strikeSite(name, [...sites.values()][target], ms);
    else this.#strikeFleet(name, ms);
    this.#world.refresh();
  }

  #strikeNode(name: FaultName, node: SimNode, ms: number): void {
    const world = this.#world;
    if (name === 'one-way') {
      node.isUnheard = true;
      this.#later(ms, () => {
        node.isUnheard = false;
      });
      return;
    }
    // What is broken already does not break again.
    if (node.fault !== undefined || node.phase !== 'running') return;
    if (name !== 'panic') node.fault = { name, atMs: world.nowMs };
    switch (name) {
      case 'hang':
        world.setPhase(node, 'hung');
        break;
      case 'panic':
        world.timeline.after(WATCHDOG_MS, () => {
          if (node.phase === 'hung') world.start(node, 'warm', false);
        });
        world.setPhase(node, 'hung');
        break;
      case 'agent-dead':
        node.agentDead = true;
        break;
      case 'unit-failed':
        node.unitFailed = true;
        break;
      case 'clock-wrong':
        node.clockWrong = true;
        break;
      case 'card-dying':
        node.cardDying = true;
        break;
      case 'undervoltage':
        node.board = 'weak';
        break;
      case 'board-dead':
        node.board = 'dead';
        node.starts++;
        world.setPhase(node, 'rom');
        break;
      case 'cable':
        node.board = 'cable';
        node.starts++;
        world.setPhase(node, 'rom');
        break;
      case 'root-broken':
        node.rootBroken = true;
        world.start(node, 'warm', false);
        break;
      case 'boot-dir-missing':
        node.dirMissing = true;
        world.start(node, 'warm', false);
        break;
      case 'switched-off':
        world.setPort(node, false, false);
        break;
      default:
        break;
    }
  }

  #strikeFileserver(name: FaultName, server: SimFileserver | undefined, ms: number): void {
    const world = this.#world;
    if (server === undefined) return;
    switch (name) {
      case 'fileserver-reboot':
        world.setFileserver(server, false);
        this.#later(ms, () => world.setFileserver(server, true));
        break;
      case 'fileserver-agent-dead':
        server.agentDead = true;
        this.#later(ms, () => {
          server.agentDead = false;
        });
        break;
      case 'export-full':
      case 'nfs-stall':
        world.setService(server, name === 'export-full' ? 'full' : 'stalled');
        this.#later(ms, () => world.setService(server, 'ok'));
        break;
      case 'raid-rebuild':
        server.arrays = 'recovering';
        server.arraysSinceMs = world.nowMs;
        this.#later(ms, () => {
          server.arrays = 'clean';
        });
        break;
      default:
        break;
    }
  }

  #strikeSwitch(name: FaultName, one: SimSwitch | undefined, ms: number): void {
    const world = this.#world;
    if (one === undefined) return;
    switch (name) {
      case 'switch-reboot':
        world.setSwitch(one, false);
        this.#later(ms, () => world.setSwitch(one, true));
        break;
      case 'switch-agent-dead':
        one.agentDead = true;
        this.#later(ms, () => {
          one.agentDead = false;
        });
        break;
      case 'psu-loss': {
        const [psu] = world.map.topology.switches.find((record) => record.name === one.name)?.psus ?? [];
        world.setSupplies(one, psu === undefined ? [] : [psu]);
        this.#later(ms, () => world.setSupplies(one, []));
        break;
      }
      case 'bad-change':
        this.#badChange(one);
        break;
      default:
        break;
    }
  }

  #badChange(one: SimSwitch): void {
    const world = this.#world;
    const mine = world.nodes.filter((node) => world.switchOf(node) === one);
    const cut = mine.filter(() => world.random.unit() < 0.4);
    for (const node of cut) node.isPortCut = true;
    this.#changes++;
    this.#controller.change({
      id: String(this.#changes),
      what: `the ports of ${one.name}`,
      domain: one.name,
      atMs: world.nowMs,
      isRevertable: true,
      isReverted: false,
    });
    // Somebody notices by himself in the end.
    this.#later(12 * 60 * MINUTE_MS, () => this.takeBack(one.name));
  }

  /** Puts the ports of a switch back as they were. */
  takeBack(switchName: string): void {
    for (const node of this.#world.nodes) {
      if (this.#world.switchOf(node)?.name !== switchName || !node.isPortCut) continue;
      node.isPortCut = false;
    }
    this.#world.refresh();
  }

  #strikeSite(name: FaultName, site: SimSite | undefined, ms: number): void {
    if (site === undefined) return;
    const world = this.#world;
    if (name === 'uplink-cut') {
      site.hasUplink = false;
      this.#later(ms, () => {
        site.hasUplink = true;
      });
      return;
    }
    const power = (isOn: boolean): void => {
      site.hasPower = isOn;
      for (const server of world.fileservers.values()) if (server.site === site.name) world.setFileserver(server, isOn);
      for (const one of world.switches.values()) if (one.site === site.name) world.setSwitch(one, isOn);
    };
    power(false);
    this.#later(ms, () => power(true));
  }

  #strikeFleet(name: FaultName, ms: number): void {
    const world = this.#world;
    switch (name) {
      case 'overlay-down':
        world.overlayUp = false;
        this.#later(ms, () => {
          world.overlayUp = true;
        });
        break;
      case 'controller-restart':
        this.#controller.restart(ms);
        break;
      case 'controller-lag':
        this.#controller.lag(ms);
        break;
      case 'restored-backup':
        this.#controller.restore(ms);
        break;
      case 'clock-jump':
        this.#controller.jump();
        break;
      default:
        break;
    }
  }

  #later(ms: number, undo: () => void): void {
    this.#world.timeline.after(ms, () => {
      undo();
      this.#world.refresh();
    });
  }
}
