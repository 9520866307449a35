/** The fileserver of the rack carries its site's prefix: through its tunnel the controller's side reaches a Pi behind it. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { Rack } from './rack.js';
import { CONTROLLER_ADDRESS } from './spec.js';
import { until } from './testing.js';

const run = promisify(execFile);
const found = inject('rack');
const needed = ['/usr/sbin/openvpn', '/usr/sbin/nft'].filter((program) => !existsSync(program));
const missing = 'missing' in found ? found.missing : needed.length > 0 ? `without ${needed.join(', ')}` : '';
const why = missing === '' ? '' : ` (skipped: ${missing})`;

const PREFIX = 'fd42:b:1::/48';
const INSIDE = 'fd42:b:1::1';
const TUNNEL_DIR = '/etc/bramble/tunnel';
/** An emulated fileserver starts its agent, makes a key, and shakes hands: each takes many times what it takes a real one. */
const TUNNEL_LIMIT_MS = 300_000;
const REACHED_LIMIT_MS = 60_000;
const BOOT_LIMIT_MS = 240_000;

/** What the packaged unit does, once there is a profile. */
const UNIT = `cd ${TUNNEL_DIR}; until [ -f client.conf ]; do sleep 0.5; done; sysctl -qp sysctl.conf; nft -f policy.nft; exec openvpn --config client.conf >>/run/lab/openvpn.log 2>&1`;

describe.skipIf(why !== '')(`a rack that is a site of the overlay${why}`, () => {
  let rack: Rack;
  beforeAll(async () => {
    if ('missing' in found) return;
    rack = Rack.open(found.id);
    await rack.controller.restart({ overlay: { prefix: PREFIX, host: CONTROLLER_ADDRESS, services: 'child' } });
    await rack.run(
      'fileserver',
      `mkdir -p ${TUNNEL_DIR}; cp /lab/agent.yaml /run/lab/agent.before
grep -v '^services:' /run/lab/agent.before >/run/lab/agent.new; cat >>/run/lab/agent.new <<'X'
services: ${JSON.stringify({ child: { units: { 'bramble-tunnel.service': ['/bin/sh', '-c', UNIT] } } })}
tunnel: ${JSON.stringify({ mode: 'gateway', dir: TUNNEL_DIR })}
X
cat /run/lab/agent.new >/lab/agent.yaml; kill "$(cat /run/lab/agent.pid)"`,
    );
  });
  afterAll(async () => {
    if (rack === undefined) return;
    await rack.run(
      'fileserver',
      'cat /run/lab/agent.before >/lab/agent.yaml; kill "$(cat /run/lab/agent.pid)"; pkill -x openvpn; ip -6 addr flush scope global; nft flush ruleset',
    );
    await rack.controller.restart();
  });

  test('its fileserver brings the tunnel up from behind somebody’s router', async () => {
    await until(
      'the tunnel of the fileserver',
      TUNNEL_LIMIT_MS,
      async () => (await rack.controller.api.overlay.view()).clients[0]?.tunnel,
      (tunnel) => tunnel === 'up',
    );
    expect(await rack.run('fileserver', `ping -6 -n -c 1 -W 5 ${INSIDE}`)).toContain('1 received');
  });

  test('a Pi behind it answers at its own address of the overlay', async () => {
    const [pi] = rack.spec.pis;
    if (pi === undefined) return expect.unreachable('a rack has a Pi');
    if (rack.console(pi.name).includes('hangs')) {
      // It asked before anybody could answer, and a boot ROM asks no more until its power is cut.
      await rack.powerOff(pi.name);
      await rack.powerOn(pi.name);
    }
    await rack.ready([pi.name], BOOT_LIMIT_MS);
    await rack.controller.connected([pi.name], BOOT_LIMIT_MS);
    const place = await until(
      'a prefix for the Pi',
      REACHED_LIMIT_MS,
      async () => (await rack.controller.api.overlay.view()).nodes.find(({ name }) => name === pi.name),
      (seen) => seen !== undefined,
    );
    const { address = '', prefix = '' } = place ?? {};
    const router = prefix.replace(/::\/64$/, '::1');
    await rack.run('fileserver', `ip -6 addr replace ${router}/64 dev eth0.${pi.vlan} nodad`);
    const device = `$(ip -o -4 addr show to ${pi.address} | cut -d' ' -f2)`;
    await rack.run(
      pi.name,
      `ip -6 addr replace ${address}/64 dev ${device}; ip -6 route replace default via ${router}`,
    );
    const { controller } = rack.namespaces;
    const reaches = () =>
      run('ip', ['netns', 'exec', controller, 'ping', '-6', '-n', '-c', '1', '-W', '5', address]).then(
        () => true,
        () => false,
      );
    await until('the Pi from the controller', REACHED_LIMIT_MS, reaches);
    const path = await run('ip', ['netns', 'exec', controller, 'ip', '-6', 'route', 'get', address]);
    expect(path.stdout).toContain('dev bramble0');
  });
});
