/** The world as it is, whether or not anybody sees it: boards, fileservers, switches, sites, and the power between them. */

import { type FleetMap, mapFleet } from '../../../controller/domain/topology/fleet-map.js';
import type { Topology } from '../../../controller/domain/topology/records.js';
import { whatIfUnplugged } from '../../../controller/domain/topology/what-if.js';
import { type Random, randomBelow } from '../../../proto/contract/random.js';
import { Channel } from './channel.js';
import { BOOT_QUIRKS, type FaultName } from './fault-mix.js';
import type { Moments } from './timeline.js';

/**
 * `rom`: before its first DHCP request. `rom-stuck`: asked in vain and gave up. `files-lost`: has an address and asks for
 * nothing. `dir-miss`: found no files. `no-hello`: its root is mounted and does not come up.
 */
export type Phase =
  | 'off'
  | 'rom'
  | 'rom-stuck'
  | 'tftp'
  | 'files-lost'
  | 'dir-miss'
  | 'kernel'
  | 'no-hello'
  | 'running'
  | 'hung';

export interface SimNode {
  readonly index: number;
  readonly channel: Channel;
  phase: Phase;
  phaseAtMs: number;
  /** Counts starts, so that what an older start had planned does not happen. */
  starts: number;
  portOn: boolean;
  isShed: boolean;
  board: 'ok' | 'dead' | 'weak' | 'cable';
  cardDying: boolean;
  agentDead: boolean;
  unitFailed: boolean;
  clockWrong: boolean;
  rootBroken: boolean;
  dirMissing: boolean;
  /** What it sends does not arrive. */
  isUnheard: boolean;
  /** A wrong setting at its port keeps it from everything. */
  isPortCut: boolean;
  /** Whether this start was ours, so that its fileserver was told. */
  startedByUs: boolean;
  /** Its own trouble, since when; for the books. */
  fault: { readonly name: FaultName; readonly atMs: number } | undefined;
}

export interface SimFileserver {
  readonly name: string;
  readonly site: string;
  readonly channel: Channel;
  hasPower: boolean;
  isUp: boolean;
  agentDead: boolean;
  service: 'ok' | 'full' | 'stalled';
  arrays: 'clean' | 'recovering';
  arraysSinceMs: number;
}

export interface SimSwitch {
  readonly name: string;
  readonly site: string;
  readonly channel: Channel;
  hasPower: boolean;
  agentDead: boolean;
  psusLost: readonly string[];
}

export interface SimSite {
  readonly name: string;
  hasUplink: boolean;
  hasPower: boolean;
}

const FILESERVER_START_MS = 120_000;
const SWITCH_START_MS = 60_000;

export class World {
  map: FleetMap;
  readonly nodes: readonly SimNode[];
  readonly fileservers: ReadonlyMap<string, SimFileserver>;
  readonly switches: ReadonlyMap<string, SimSwitch>;
  readonly sites: ReadonlyMap<string, SimSite>;
  readonly timeline: Moments;
  readonly random: Random;
  /** Whether a switch that starts leaves its ports off until somebody admits them; else all start at once. */
  readonly portsStartOff: boolean;
  readonly simultaneousBoots: number;
  overlayUp = true;
  controllerUp = true;
  /** Called whenever something changed that somebody may see. */
  onChange: () => void = () => undefined;
  /** Called when a node serves again, or does not any more. */
  onServing: (node: SimNode) => void = () => undefined;

  constructor(topology: Topology, timeline: Moments, random: Random, options: WorldOptions) {
    this.map = mapFleet(topology);
    this.timeline = timeline;
    this.random = random;
    this.portsStartOff = options.portsStartOff;
    this.simultaneousBoots = options.simultaneousBoots ?? BOOT_QUIRKS.simultaneousBoots;
    const rackSite = new Map(topology.racks.map(({ name, site }) => [name, site]));
    const at = (rack: string): string => rackSite.get(rack) ?? '';
    this.nodes = this.map.nodes.map(({ index }) => newNode(index));
    this.fileservers = new Map(topology.fileservers.map(({ name, rack }) => [name, newFileserver(name, at(rack))]));
    this.switches = new Map(topology.switches.map(({ name, rack }) => [name, newSwitch(name, at(rack))]));
    this.sites = new Map(topology.sites.map(({ name }) => [name, { name, hasUplink: true, hasPower: true }]));
  }

  get nowMs(): number {
    return this.timeline.nowMs;
  }

  fileserverOf(node: SimNode): SimFileserver | undefined {
    return this.fileservers.get(this.map.nodes[node.index]?.record.fileserver ?? '');
  }

  switchOf(node: SimNode): SimSwitch | undefined {
    return this.switches.get(this.map.nodes[node.index]?.record.plug?.switch ?? '');
  }

  isServingFiles(server: SimFileserver | undefined): boolean {
    return server?.isUp === true && server.service === 'ok';
  }

  /** Whether the node does its work, seen or not. */
  serves(node: SimNode): boolean {
    return node.phase === 'running' && !node.isPortCut && this.isServingFiles(this.fileserverOf(node));
  }

  isSiteReached(name: string): boolean {
    const site = this.sites.get(name);
    return site?.hasUplink === true && site.hasPower && this.overlayUp && this.controllerUp;
  }

  hasPower(node: SimNode): boolean {
    return this.switchOf(node)?.hasPower === true && node.portOn && !node.isShed;
  }

  /** Who is heard now; to be called after anything changed. */
  refresh(): void {
    const now = this.nowMs;
    for (const server of this.fileservers.values())
      server.channel.set(this.isSiteReached(server.site) && server.isUp && !server.agentDead, now);
    for (const one of this.switches.values())
      one.channel.set(this.isSiteReached(one.site) && one.hasPower && !one.agentDead, now);
    for (const node of this.nodes) {
      const site = this.map.nodes[node.index]?.record.site ?? '';
      const isHeard = this.serves(node) && !node.agentDead && !node.isUnheard && this.isSiteReached(site);
      node.channel.set(isHeard, now);
      this.onServing(node);
    }
    this.onChange();
  }

  setPhase(node: SimNode, phase: Phase): void {
    node.phase = phase;
    node.phaseAtMs = this.nowMs;
    this.refresh();
  }

  setPort(node: SimNode, isOn: boolean, byUs: boolean): void {
    node.portOn = isOn;
    this.applyPower(node, byUs);
  }

  /** Starts or stops a board after the power at its port may have changed. */
  applyPower(node: SimNode, byUs: boolean): void {
    if (!this.hasPower(node)) {
      node.starts++;
      this.setPhase(node, 'off');
    } else if (node.phase === 'off') this.start(node, 'cold', byUs);
  }

  /** A start from the very beginning; `warm` = without a power cut. */
  start(node: SimNode, how: 'cold' | 'warm', byUs: boolean): void {
    const mine = ++node.starts;
    node.startedByUs = byUs;
    node.agentDead = false;
    node.unitFailed = false;
    if (node.fault?.name === 'hang' || node.fault?.name === 'agent-dead' || node.fault?.name === 'unit-failed')
      node.fault = undefined;
    this.setPhase(node, 'rom');
    if (node.board === 'dead' || node.board === 'cable') return;
    const lossRatio = how === 'warm' ? BOOT_QUIRKS.warmLossRatio : BOOT_QUIRKS.coldLossRatio;
    const isLost = this.random.unit() < lossRatio;
    const model = this.map.nodes[node.index]?.record.board.model ?? '3b';
    const spreadMs = (2 * this.random.unit() - 1) * BOOT_QUIRKS.dhcpSpreadMs;
    const next = (ms: number, then: () => void): void => {
      this.timeline.after(Math.round(ms), () => {
        if (node.starts === mine) then();
      });
    };
    const ask = (triesLeft: number): void => {
      if (this.fileserverOf(node)?.isUp !== true || node.isPortCut) {
        if (triesLeft <= 1) this.setPhase(node, 'rom-stuck');
        else next(BOOT_QUIRKS.dhcpTryMs, () => ask(triesLeft - 1));
        return;
      }
      if (node.dirMissing) this.setPhase(node, 'dir-miss');
      else if (isLost || this.#transfers(node) >= this.simultaneousBoots) this.setPhase(node, 'files-lost');
      else {
        this.setPhase(node, 'tftp');
        next(BOOT_QUIRKS.tftpMs, () => {
          this.setPhase(node, 'kernel');
          next(BOOT_QUIRKS.kernelMs + BOOT_QUIRKS.helloMs, () =>
            this.setPhase(node, node.rootBroken ? 'no-hello' : 'running'),
          );
        });
      }
    };
    next(BOOT_QUIRKS.powerToDhcpMs[model] + spreadMs, () => ask(BOOT_QUIRKS.dhcpTries));
  }

  #transfers(node: SimNode): number {
    const server = this.map.nodes[node.index]?.fileserver;
    return this.nodes.filter((one) => one.phase === 'tftp' && this.map.nodes[one.index]?.fileserver === server).length;
  }

  setFileserver(server: SimFileserver, hasPower: boolean): void {
    server.hasPower = hasPower;
    if (!hasPower) {
      server.isUp = false;
      this.refresh();
      return;
    }
    this.timeline.after(FILESERVER_START_MS, () => {
      if (!server.hasPower || server.isUp) return;
      server.isUp = true;
      this.afterStall(server);
      this.refresh();
    });
  }

  setService(server: SimFileserver, service: SimFileserver['service']): void {
    server.service = service;
    if (service === 'ok') this.afterStall(server);
    this.refresh();
  }

  /** Most boards go on where they were; a few never do. */
  afterStall(server: SimFileserver): void {
    for (const node of this.nodes) {
      if (node.phase !== 'running' || this.fileserverOf(node) !== server) continue;
      if (this.random.unit() >= BOOT_QUIRKS.hangAfterStallRatio) continue;
      node.phase = 'hung';
      node.phaseAtMs = this.nowMs;
      node.fault ??= { name: 'hang', atMs: this.nowMs };
    }
  }

  setSwitch(one: SimSwitch, hasPower: boolean): void {
    const apply = (): void => {
      one.hasPower = hasPower;
      for (const node of this.nodes) {
        if (this.switchOf(node) !== one) continue;
        if (hasPower && this.portsStartOff) node.portOn = false;
        this.applyPower(node, false);
      }
      this.refresh();
    };
    if (hasPower) this.timeline.after(SWITCH_START_MS, apply);
    else apply();
  }

  /** Supplies that fail; the switch sheds what the rest cannot feed. */
  setSupplies(one: SimSwitch, lost: readonly string[]): void {
    one.psusLost = lost;
    const shed = new Set(
      lost.flatMap((psu) =>
        whatIfUnplugged(this.map, psu).nodes.flatMap(({ name, effect }) => (effect === 'shed' ? [name] : [])),
      ),
    );
    for (const node of this.nodes) {
      if (this.switchOf(node) !== one) continue;
      const isShed = shed.has(this.map.nodes[node.index]?.record.name ?? '');
      if (isShed === node.isShed) continue;
      node.isShed = isShed;
      if (!isShed && this.portsStartOff) node.portOn = false;
      this.applyPower(node, false);
    }
    this.refresh();
  }

  between(low: number, high: number): number {
    return low + randomBelow(this.random, Math.max(1, Math.round(high - low)));
  }
}

export interface WorldOptions {
  readonly portsStartOff: boolean;
  /** Instead of the reference quirks' number. */
  readonly simultaneousBoots?: number;
}

function newNode(index: number): SimNode {
  return {
    index,
    channel: new Channel(index),
    phase: 'running',
    phaseAtMs: 0,
    starts: 0,
    portOn: true,
    isShed: false,
    board: 'ok',
    cardDying: false,
    agentDead: false,
    unitFailed: false,
    clockWrong: false,
    rootBroken: false,
    dirMissing: false,
    isUnheard: false,
    isPortCut: false,
    startedByUs: false,
    fault: undefined,
  };
}

function newFileserver(name: string, site: string): SimFileserver {
  return {
    name,
    site,
    channel: new Channel(name.length),
    hasPower: true,
    isUp: true,
    agentDead: false,
    service: 'ok',
    arrays: 'clean',
    arraysSinceMs: 0,
  };
}

function newSwitch(name: string, site: string): SimSwitch {
  return { name, site, channel: new Channel(name.length + 7), hasPower: true, agentDead: false, psusLost: [] };
}
