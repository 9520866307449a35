import type { RackSpec } from './spec.js';

/** The ports of this rack as they are, as a plan. `address`: of the switch's way to its controller. */
export function switchPlanOf({ pis, trunkPort }: RackSpec, address: string, publicVlans = ''): string {
  const ports = pis.map(({ port, vlan, name }) => [
    `swp${port}`,
    { role: 'pi', note: name, storageVlan: vlan, vlans: publicVlans },
  ]);
  const trunk = { role: 'fileserver', vlans: pis.map(({ vlan }) => vlan).concat(publicVlans === '' ? [] : [131]) };
  return JSON.stringify({
    style: 'vlan-aware',
    management: { name: 'mgmt0', address, gateway: address.replace(/\.\d+\/.*$/, '.1') },
    storageVlans: '10-130',
    reservedVlans: '131',
    ports: { ...Object.fromEntries(ports), [`swp${trunkPort}`]: trunk },
  });
}
