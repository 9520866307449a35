/** Every golden file of a switch, on a real kernel: ports of no hardware, in a network of their own, and the real ifupdown2. */

import { expect, test } from 'vitest';
import { judgeQuery } from '../../switch-agent/actuator/ifupdown.js';
import { recorded } from '../fixtures/index.js';
import { sharedRack } from './testing.js';

/** ifupdown2 is a large Python program, and the machine that runs it may be emulated. */
const LIMIT_MS = 300_000;

test.for(recorded<unknown>('switch-interfaces'))(
  'the file of the plan $name is loaded by ifupdown2, which finds nothing otherwise afterwards',
  async ({ name, input }, { skip }) => {
    const rack = sharedRack(skip);
    const file = `/run/lab/${name}.interfaces`;
    // Nobody gives addresses there, and no daemon of spanning trees runs: what ifupdown2 makes of ports is what is looked at.
    const text = input.replace('iface eth0 inet dhcp', 'iface eth0').replaceAll(/^ +mstpctl-.*\n/gm, '');
    const devices = [...new Set([...text.matchAll(/^iface ((?:eth|swp)\d+)/gm)].map(([, device]) => device ?? ''))];
    const steps = [
      'mount -t sysfs sysfs /sys',
      'mount -t tmpfs tmpfs /run/network',
      `mount --bind ${file} /etc/network/interfaces`,
      'ip link set lo up',
      ...devices.map((device) => `ip link add ${device} type dummy`),
      'ifreload -a >&2',
      'ifquery -a -c -o json || true',
    ];
    await rack.ready(rack.guestNames, LIMIT_MS);
    await rack.run('switch', `cat >${file} <<'EOF'\n${text}EOF\n`);
    const { status, out, err } = await rack.tryRun(
      'switch',
      `unshare -n -m sh -c 'set -e; ${steps.join('; ')}'`,
      LIMIT_MS,
    );
    expect(status, err).toBe(0);
    expect(err).not.toMatch(/error/);
    expect(judgeQuery(out, text)).toEqual([]);
  },
);
