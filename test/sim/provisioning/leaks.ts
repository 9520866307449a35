/** What must be so whenever nothing is under way, whatever happened before. */

import { boardSerialOf } from '../../../controller/domain/provisioning/places.js';
import { rootSerialOf } from '../../../proto/contract/netboot/boot-set.js';
import type { SimRack } from './rack.js';

/** In words; empty = everything is where it belongs, and nothing else is. @param names nodes that there are to be */
export async function leaks(rack: SimRack, names: readonly string[]): Promise<readonly string[]> {
  const { machines, store } = rack;
  const topology = await store.reader.healing.topology();
  const report = await rack.core.healing.topologies.addresses();
  const found: string[] = [...report.leaks];
  const same = (what: string, is: Iterable<string>, wanted: Iterable<string>): void => {
    const [a, b] = [[...is].toSorted().join(' '), [...wanted].toSorted().join(' ')];
    if (a !== b) found.push(`${what}: ${a}, not ${b}`);
  };
  const nodes = topology?.nodes ?? [];
  const ports = new Map(nodes.map(({ name, plug }) => [name, `swp${plug?.port ?? 0}`]));
  same('nodes', ports.keys(), names);
  same('powered ports', machines.power.keys(), ports.values());
  same('nodes that run', [...machines.up].map(([port, { node }]) => `${node}@${port}`), [...ports].map(([name, port]) => `${name}@${port}`)); // biome-ignore format: one line
  const boards = machines.bootSet.ports.flatMap(({ board }) => (board === undefined ? [] : [board]));
  same('boards that boot', boards.map(({ hostname }) => hostname), names); // biome-ignore format: one line
  const serials = new Map(nodes.map(({ name, board }) => [name, boardSerialOf(board.serial)]));
  same('serial numbers', boards.map(({ hostname, serial }) => `${hostname} ${serial}`), [...serials].map(([name, serial]) => `${name} ${serial}`)); // biome-ignore format: one line
  if (boards.some(({ mode }) => mode !== 'root')) found.push('a board is not served its root');
  same('roots', machines.roots.keys(), boards.map(rootSerialOf)); // biome-ignore format: one line
  for (const [serial, { current, previous, images }] of machines.roots) {
    same(`generations of ${serial}`, [...images.keys()].map(String), [current, previous].filter((each) => each > 0).map(String)); // biome-ignore format: one line
  }
  if (machines.trial !== undefined) found.push('a change of the switch is open');
  const vlans = new Map(report.nodes.map(({ node, vlan, storage }) => [node, `${vlan} ${storage?.fileserver}`]));
  const served = machines.bootSet.ports.filter(({ board }) => board !== undefined);
  same('VLANs of boot ports', served.map(({ board, vlan, server }) => `${board?.hostname} ${vlan} ${server}`), [...vlans].map((pair) => pair.join(' '))); // biome-ignore format: one line
  const roles = machines.kept.ports.flatMap(({ name, role }) =>
    role.kind === 'pi' ? [`${name} ${role.storageVlan}`] : [],
  );
  same('ports of the switch', roles, [...ports].map(([name, port]) => `${port} ${vlans.get(name)?.split(' ')[0]}`)); // biome-ignore format: one line
  const trunk = machines.kept.ports.flatMap(({ role }) => (role.kind === 'fileserver' ? role.vlans : []));
  same('VLANs of the trunk', trunk.map(String), [...vlans.values()].map((each) => each.split(' ')[0] ?? '')); // biome-ignore format: one line
  return found;
}
