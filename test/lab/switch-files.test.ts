/** What the kernel and ifupdown2 of the rack's switch make of every golden file, of frames with strange tags, and of a spanning tree that lies. */

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

test('T-34: a port that leads to one machine is shut by a frame of a spanning tree', async ({ skip }) => {
  const rack = sharedRack(skip);
  const script = [
    'ip link add port type veth peer name liar',
    'ip link add br0 type bridge stp_state 1 forward_delay 0; ip link add evil type bridge stp_state 1 forward_delay 0 priority 0',
    'ip link set port master br0; ip link set liar master evil; bridge link set dev port guard on',
    'for each in br0 evil port liar; do ip link set $each up; done',
    'for each in 1 2 3 4 5 6 7 8; do sleep 1; cat /sys/class/net/port/brport/state; done',
  ];
  const unshared = `mkdir -p /run/lab/sys; unshare -n -m sh -c 'mount -t sysfs sysfs /sys; ${script.join('; ')}'`;
  const states = (await rack.run('switch', unshared, LIMIT_MS)).trim().split('\n');
  expect(states.at(-1)).toBe('0');
});

const STATION_PORT = 'swp9';
const STATION_VLAN = 12;

test('T-34: a board that puts tags on its frames, one or two, reaches no other VLAN', async ({ skip }) => {
  const rack = sharedRack(skip);
  await rack.ready(rack.guestNames, LIMIT_MS);
  const [, other] = rack.spec.pis;
  if (other === undefined) throw new Error('two Pis are needed');
  // A board that does what no board of the rack can: beside the others, on a port like theirs.
  await rack.run(
    'switch',
    `set -e; ip netns add station; ip link add ${STATION_PORT} type veth peer name board netns station
    ip link set ${STATION_PORT} master br0; bridge vlan del dev ${STATION_PORT} vid 1
    bridge vlan add dev ${STATION_PORT} vid ${STATION_VLAN} pvid untagged
    ip link set ${STATION_PORT} up; ip -n station link set board up`,
    LIMIT_MS,
  );
  const inStation = (script: string) => rack.tryRun('switch', `ip netns exec station sh -c '${script}'`, LIMIT_MS);
  const stations = {
    tagged: `ip link add link board name hop type vlan id ${other.vlan}`,
    twice: `ip link add link board name outer type vlan id ${STATION_VLAN}; ip link set outer up; ip link add link outer name hop type vlan id ${other.vlan}`,
  };
  const [, mac = ''] = /ether ([0-9a-f:]{17})/.exec((await inStation('ip link show board')).out) ?? [];
  for (const [name, make] of Object.entries(stations)) {
    const made = await inStation(`${make} && ip link set hop up && ip addr add ${other.address}/30 dev hop`);
    expect(made.status, made.err).toBe(0);
    const listen = `timeout 40 tcpdump -nn -c 1 -i eth0.${other.vlan} ether src ${mac} 2>&1`;
    const heard = rack.tryRun('fileserver', listen, LIMIT_MS);
    const answered = await inStation(`ping -c 3 -W 3 -I hop ${other.serverAddress}`);
    expect(answered.status, name).not.toBe(0);
    expect((await heard).out, name).toContain('0 packets captured');
    await inStation('ip link del hop; ip link del outer 2>/dev/null');
  }
  await rack.run('switch', `ip link del ${STATION_PORT}; ip netns del station`, LIMIT_MS);
});
