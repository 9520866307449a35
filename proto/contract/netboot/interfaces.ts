import { type BootSet, vlanInterface } from './boot-set.js';

/**
 * The fileserver's side of every port, for ifupdown2: a VLAN each, with the first address of its /30. Nothing is forwarded
 * between them, and only who has the port's own address is listened to. Source: interfaces(5), ifupdown-addons-interfaces(5).
 */
export function renderInterfaces({ trunk, ports }: Pick<BootSet, 'trunk' | 'ports'>): string {
  const blocks = ports.map(({ vlan, server }) => {
    const name = vlanInterface(trunk, vlan);
    return [
      `auto ${name}`,
      `iface ${name} inet static`,
      `    address ${server}/30`,
      `    vlan-raw-device ${trunk}`,
      `    vlan-id ${vlan}`,
      // Addresses of storage are IPv4: nobody on a port can speak to the fileserver by another protocol.
      '    ip6-forward off',
      '    ip-forward off',
      '',
    ].join('\n');
  });
  return `# Written by the fileserver agent; read by ifreload -a.\n\n${blocks.join('\n')}`;
}
