import type { BootSet } from './boot-set.js';
import { subnetOfServer } from './subnet.js';

/** Boards ask the fileserver for the time, by an address that needs no route and no name. Source: chrony.conf(5), allow. */
export function renderChronyAllow({ ports }: Pick<BootSet, 'ports'>): string {
  const allowed = ports.flatMap(({ server }) => {
    const subnet = subnetOfServer(server);
    return subnet === undefined ? [] : [`allow ${subnet.board}/32\n`];
  });
  // Better a common time that is a little off than boards of which each has its own, when the uplink is away.
  return `# Written by the fileserver agent.\n${allowed.join('')}local stratum 10\n`;
}
