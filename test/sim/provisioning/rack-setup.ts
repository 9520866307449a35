/** The rack that sagas are tried on: two Pis that run, two boards that wait, one fileserver, one switch. */

import { SITE_TOPOLOGY } from '../../../controller/usecases/testing/healing-site.js';
import type { TopologyDocument } from '../../../proto/contract/api/topology.js';
import type { BootSet } from '../../../proto/contract/netboot/boot-set.js';
import type { SwitchPlan } from '../../../proto/contract/switch/plan.js';

/** Boards by the port that they are plugged in at; they stay there. */
export const BOARDS: ReadonlyMap<string, string> = new Map([
  ['swp1', '00000001'],
  ['swp2', '00000002'],
  ['swp5', '0000000a'],
  ['swp6', '0000000b'],
]);

const spare = (port: number, serial: string) => ({
  board: { serial: `10000000${serial}`, model: '3b' as const, firmware: '' },
  site: 'lab',
  fileserver: 'fs-1',
  plug: { switch: 'sw-1', port },
});

export const TOPOLOGY: TopologyDocument = {
  ...SITE_TOPOLOGY,
  nodes: SITE_TOPOLOGY.nodes.slice(0, 2),
  spares: [spare(5, '0000000a'), spare(6, '0000000b')],
};

/** VLANs as the pool hands them out to ports 1 to 8: 11 is reserved. */
export const PLAN: SwitchPlan = {
  style: 'vlan-aware',
  spanningTree: 'mstpd',
  management: { name: 'eth0', address: { kind: 'dhcp' } },
  storageVlans: { from: 10, to: 20 },
  reservedVlans: [11],
  bonds: [],
  ports: Array.from({ length: 9 }, (_, at) => {
    const name = `swp${at + 1}`;
    if (at === 0) return { name, note: 'pi-1', role: { kind: 'pi', storageVlan: 10, publicVlans: [] } };
    if (at === 1) return { name, note: 'pi-2', role: { kind: 'pi', storageVlan: 12, publicVlans: [] } };
    if (at === 8) return { name, note: '', role: { kind: 'fileserver', vlans: [10, 12] } };
    return { name, note: '', role: { kind: 'unused' } };
  }),
  bridgeNames: {},
};

export const BOOT_SET: BootSet = {
  trunk: 'eth0',
  intakeImage: undefined,
  rescueImage: 'rescue-1',
  ports: [1, 2].map((number) => ({
    vlan: number === 1 ? 10 : 12,
    server: `10.46.0.${4 * (number - 1) + 1}`,
    board: {
      serial: `0000000${number}`,
      mac: undefined,
      hostname: `pi-${number}`,
      boardClass: 'pi3',
      bits: 64,
      hasBootCard: false,
      mode: 'root',
      ipv6: undefined,
      authorizedKeys: [],
    },
  })),
};
