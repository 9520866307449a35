import { exec } from '../build/exec.js';
import { CONTROLLER_ADDRESS, PDU_ADDRESS } from '../spec.js';
import { FILESERVER_TAP, SWITCH_TAP } from './qemu.js';

/** The three networks outside of the guests; `id` keeps two racks apart. */
export interface Namespaces {
  /** Where the controller is. */
  readonly controller: string;
  /** Somebody's router: it lets connections out and none in. */
  readonly nat: string;
  /** The site's own network: uplinks of the fileserver and of the switch. */
  readonly site: string;
}

const PREFIX = 'bramble-lab';

export function namespacesOf(id: string): Namespaces {
  const name = (what: string): string => `${PREFIX}-${id}-${what}`;
  return { controller: name('ctl'), nat: name('nat'), site: name('site') };
}

const NAT_OUTSIDE = '198.51.100.2';
const NAT_INSIDE = '192.168.60.1';
const FILESERVER = '192.168.60.2';
/** Storage networks of the Pis, behind the fileserver. */
const PI_NETWORK = '10.46.189.0/24';

const RULES = `table ip filter {
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "in0" accept
  }
}
table ip nat {
  chain post { type nat hook postrouting priority 100; oifname "out0" masquerade; }
}
`;

export async function makeNamespaces({ controller, nat, site }: Namespaces): Promise<void> {
  const ip = (...words: readonly string[]): Promise<string> => exec('ip', words);
  for (const name of [controller, nat, site]) {
    await ip('netns', 'add', name);
    await ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  await ip('link', 'add', 'eth0', 'netns', controller, 'type', 'veth', 'peer', 'name', 'out0', 'netns', nat);
  await ip('link', 'add', 'uplink', 'netns', site, 'type', 'veth', 'peer', 'name', 'in0', 'netns', nat);
  await ip('-n', controller, 'addr', 'add', `${CONTROLLER_ADDRESS}/24`, 'dev', 'eth0');
  await ip('-n', nat, 'addr', 'add', `${NAT_OUTSIDE}/24`, 'dev', 'out0');
  await ip('-n', nat, 'addr', 'add', `${NAT_INSIDE}/24`, 'dev', 'in0');
  await ip('-n', controller, 'link', 'set', 'eth0', 'up');
  for (const device of ['out0', 'in0']) await ip('-n', nat, 'link', 'set', device, 'up');
  await ip('-n', nat, 'route', 'add', PI_NETWORK, 'via', FILESERVER);
  await exec('ip', ['netns', 'exec', nat, 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  await exec('ip', ['netns', 'exec', nat, 'nft', '-f', '-'], { input: RULES });
  await ip('-n', site, 'link', 'add', 'br0', 'type', 'bridge');
  for (const tap of [FILESERVER_TAP, SWITCH_TAP]) await ip('-n', site, 'tuntap', 'add', tap, 'mode', 'tap');
  for (const device of ['uplink', FILESERVER_TAP, SWITCH_TAP]) {
    await ip('-n', site, 'link', 'set', device, 'master', 'br0');
    await ip('-n', site, 'link', 'set', device, 'up');
  }
  await ip('-n', site, 'link', 'set', 'br0', 'up');
  await ip('-n', site, 'addr', 'add', `${PDU_ADDRESS}/24`, 'dev', 'br0');
}

/** What is in them goes with them. */
export async function removeNamespaces({ controller, nat, site }: Namespaces): Promise<void> {
  const there = (await exec('ip', ['netns', 'list'])).split('\n').map((line) => line.split(' ')[0]);
  for (const name of [controller, nat, site]) if (there.includes(name)) await exec('ip', ['netns', 'delete', name]);
}
