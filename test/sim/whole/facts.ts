/** What agents of a simulated fleet report: the facts that the real ones would have, of the world as it is. */

import { type BootRecord, boardKey } from '../../../proto/contract/boot/record.js';
import { renderBootRecord } from '../../../proto/contract/boot/record-text.js';
import type { BootStage } from '../../../proto/contract/boot/stage.js';
import type { Sample } from '../../../proto/contract/facts.js';
import { linkOf, powerOf } from '../fleet/sight.js';
import type { SimFileserver, SimNode, SimSwitch, World } from '../fleet/world.js';

const [LINK_UP, LINK_DOWN] = [1, 2];
const MILLIWATTS = { off: 0, zero: 0, low: 1_200, normal: 3_500, fault: 0, shed: 0, unobserved: 0 } as const;

export const macOf = (index: number): string =>
  `b8:27:eb:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`;
const addressOf = (index: number): string => `10.46.${index >> 6}.${((index & 63) << 2) + 2}`;

/** What a fileserver has seen of one board's present start. */
interface Seen {
  readonly starts: number;
  readonly stagesMs: Partial<Record<BootStage, number>>;
  missedMs: number | undefined;
  seenMs: number;
}

/** Watches the boots of all boards as their fileservers' logs would show them. */
export class BootLogs {
  readonly #world: World;
  readonly #seen = new Map<number, Seen>();
  /** When each node read its root last. */
  readonly #readMs = new Map<number, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** After anything changed. */
  look(): void {
    for (const node of this.#world.nodes) {
      if (this.#world.fileserverOf(node)?.isUp !== true) continue;
      if (this.#world.serves(node)) this.#readMs.set(node.index, this.#world.nowMs);
      this.#lookAt(node);
    }
  }

  #lookAt(node: SimNode): void {
    const stages = STAGES[node.phase];
    if (stages === undefined) return;
    const nowMs = node.phaseAtMs;
    let seen = this.#seen.get(node.index);
    if (seen === undefined || seen.starts !== node.starts) {
      seen = { starts: node.starts, stagesMs: {}, missedMs: undefined, seenMs: nowMs };
      this.#seen.set(node.index, seen);
    }
    for (const stage of stages) {
      if (seen.stagesMs[stage] !== undefined) continue;
      seen.stagesMs[stage] = nowMs;
      seen.seenMs = nowMs;
    }
    if (node.phase === 'dir-miss') seen.missedMs ??= nowMs;
    if (node.phase === 'no-hello') this.#readMs.set(node.index, nowMs);
  }

  /** @param clockMs the server's own, now: what it tells of times is by that */
  factsOf(server: SimFileserver, clockMs: number): readonly Sample[] {
    const own = this.#world.nodes.filter((node) => this.#world.fileserverOf(node) === server);
    const behindMs = this.#world.nowMs - clockMs;
    return own.flatMap((node): readonly Sample[] => {
      const root = this.#world.map.nodes[node.index]?.record.board.serial.slice(-8) ?? '';
      const readMs = this.#readMs.get(node.index);
      const record = this.#recordOf(node, behindMs);
      return [
        { fact: 'root_generation_count', instance: root, value: 1 },
        ...(readMs === undefined
          ? []
          : ([
              { fact: 'vlan_peer_mac_text', instance: addressOf(node.index), value: macOf(node.index) },
              { fact: 'nfs_client_asked_unix_s', instance: addressOf(node.index), value: Math.round(readMs / 1_000) },
            ] as const)),
        ...(record === undefined
          ? []
          : ([{ fact: 'board_boot_text', instance: boardKey(record), value: renderBootRecord(record) }] as const)),
      ];
    });
  }

  #recordOf({ index }: SimNode, behindMs: number): BootRecord | undefined {
    const seen = this.#seen.get(index);
    const startedMs = seen?.stagesMs['dhcp-seen'];
    if (seen === undefined || startedMs === undefined) return undefined;
    const at = (ms: number): number => Math.round(ms - behindMs);
    const hasFiles = seen.stagesMs['serial-dir-hit'] !== undefined || seen.missedMs !== undefined;
    return {
      mac: macOf(index),
      serial: '',
      address: addressOf(index),
      interfaceName: `eth0.${index + 10}`,
      startedMs: at(startedMs),
      stagesMs: Object.fromEntries(Object.entries(seen.stagesMs).map(([stage, ms]) => [stage, at(ms)])),
      firstFileMs: hasFiles ? at(startedMs) : undefined,
      missedMs: seen.missedMs === undefined ? undefined : at(seen.missedMs),
      missedFirmware: seen.missedMs !== undefined,
      startsMs: [at(startedMs)],
      seenMs: at(seen.seenMs),
    };
  }
}

/** Stages that a board's phase shows; a phase without any shows nothing to its fileserver. */
const STAGES: Partial<Record<SimNode['phase'], readonly BootStage[]>> = {
  tftp: ['dhcp-seen', 'serial-dir-hit'],
  'files-lost': ['dhcp-seen'],
  'dir-miss': ['dhcp-seen'],
  kernel: ['dhcp-seen', 'serial-dir-hit', 'kernel-served', 'cmdline-served'],
  'no-hello': ['nfs-mounted'],
  running: ['nfs-mounted'],
};

export function fileserverFacts(server: SimFileserver, logs: BootLogs, clockMs: number): readonly Sample[] {
  return [
    { fact: 'collector_state', instance: 'raid', value: 2 },
    { fact: 'nfsd_service_state', instance: '', value: 1 },
    { fact: 'nfsd_stalled_ms', instance: '', value: server.service === 'ok' ? 0 : 200_000 },
    ...logs.factsOf(server, clockMs),
  ];
}

export function switchFacts(world: World, one: SimSwitch): readonly Sample[] {
  const ports = world.nodes.filter((node) => world.switchOf(node) === one);
  const psus = world.map.topology.switches.find(({ name }) => name === one.name)?.psus ?? [];
  return [
    ...psus.map(
      (psu, at): Sample => ({
        fact: 'psu_lost_flag',
        instance: `PSU${at + 1}`,
        value: one.psusLost.includes(psu) ? 1 : 0,
      }),
    ),
    ...ports.flatMap((node): readonly Sample[] => {
      const instance = world.map.nodes[node.index]?.port?.interfaceName ?? '';
      const power = powerOf(world, node);
      const status = power === 'fault' ? 'power-denied' : power === 'off' ? 'disabled' : 'connected';
      return [
        { fact: 'network_operational_state', instance, value: linkOf(world, node) === 'up' ? LINK_UP : LINK_DOWN },
        { fact: 'poe_admin_state', instance, value: node.portOn && one.hasPower ? 1 : 2 },
        { fact: 'poe_status_text', instance, value: status },
        { fact: 'poe_shed_flag', instance, value: power === 'shed' ? 1 : 0 },
        { fact: 'poe_actual_watts_milli', instance, value: MILLIWATTS[power] },
      ];
    }),
  ];
}
