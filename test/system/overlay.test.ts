import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAuthority } from '../../controller/pki/authority.js';
import { systemClock, systemRandom } from '../../controller/system.js';
import { whySkipped } from './needs.js';
import { GATEWAY_ADDRESS, type Place } from './overlay-net.js';
import { CONTROLLER_INSIDE, OverlayRig, until } from './overlay-rig.js';

const why = whySkipped(['openvpn', 'nftables', 'iproute2', 'iputils-ping']);

const UDP_MS_MAX = 10_000;
const TCP_MS_MAX = 30_000;
const BACK_MS_MAX = 20_000;
const HALF_AN_HOUR_MS = 1_800_000;
const ENROL = `${GATEWAY_ADDRESS}:7442`;

describe.skipIf(why !== '')(`a federation over real tunnels${why}`, { timeout: 180_000 }, () => {
  let rig: OverlayRig;
  beforeAll(async () => {
    rig = await OverlayRig.open();
  }, 120_000);
  afterAll(async () => rig?.close());

  test('a site gateway behind a router has its tunnel within 10 s, and the controller is reached through it', async () => {
    await rig.startAgent({ place: 'fa', site: 'anna', kind: 'fileserver', enrol: ENROL, mode: 'gateway' });
    await until('tunnel of anna', UDP_MS_MAX, async () => (await rig.client('fa'))?.tunnel === 'up');
    await expect.poll(async () => rig.net.pings('fa', CONTROLLER_INSIDE)).toBe(true);
  });

  test('where no UDP passes, the tunnel comes over TCP within 30 s', async () => {
    await rig.startAgent({ place: 'fb', site: 'bert', kind: 'fileserver', enrol: ENROL, mode: 'gateway' });
    await until('tunnel of bert', TCP_MS_MAX, async () => (await rig.client('fb'))?.tunnel === 'up');
    expect((await rig.client('fb'))?.from).toMatch(/^(::1|127\.0\.0\.1)/);
    await expect.poll(async () => rig.net.pings('fb', CONTROLLER_INSIDE)).toBe(true);
  });

  test('a Pi behind the gateway of its site enrols, streams and obeys through the tunnel alone', async () => {
    const [site] = (await rig.view()).sites.filter(({ site }) => site === 'anna');
    const base = site?.prefix.replace(/00::\/56$/, '') ?? '';
    await rig.net.addressPi(`${base}fe`); // any of the site's, until it has its own
    await until('a way to the controller', 5_000, () => rig.net.pings('pa', CONTROLLER_INSIDE));
    await rig.startAgent({ place: 'pa', site: 'anna', kind: 'pi', enrol: `[${CONTROLLER_INSIDE}]:7442` });
    await until('an address of its own', 10_000, async () => (await rig.address('pa')) !== '');
    await rig.net.addressPi((await rig.address('pa')).replace(/::2$/, ''));
    await expect.poll(async () => rig.net.pings('ops', await rig.address('pa'))).toBe(true);
    await rig.finished(await rig.commands('pa'), 20_000);
  });

  test('a donated Pi at somebody’s home has a tunnel of its own', async () => {
    await rig.startAgent({ place: 'solo', site: 'carl', kind: 'pi', enrol: ENROL, mode: 'standalone' });
    await until('tunnel of solo', UDP_MS_MAX, async () => (await rig.client('solo'))?.tunnel === 'up');
    await expect.poll(async () => rig.net.pings('ops', await rig.address('solo'))).toBe(true);
    await rig.finished(await rig.commands('solo'), 20_000);
    // Its stream, which began outside for want of a tunnel, goes through it as soon as there is one.
    await until('the stream of solo is in the tunnel', 40_000, async () => {
      const open = await rig.net.inside('solo', 'ss', '-Htn', 'state', 'established');
      return open.includes(`[${CONTROLLER_INSIDE}]:7443`);
    });
  });

  test.skipIf(whySkipped(['openssh-server']) !== '')(
    'ssh from an operator’s machine reaches a Pi behind a gateway, and a donated one',
    async () => {
      for (const place of ['pa', 'solo'] as const) {
        const login = await rig.startSshd(place);
        const address = await rig.address(place);
        await until(`ssh to ${place}`, 10_000, () => rig.net.does('ops', ...login(address)));
      }
    },
  );

  test('what operators may not open stays closed, and no node opens anything at an operator’s machine', async () => {
    expect(await connects(rig, 'pa', CONTROLLER_INSIDE, 7_443)).toBe(true);
    expect(await connects(rig, 'pa', CONTROLLER_INSIDE, 22)).toBe(false);
    expect(await connects(rig, 'ops', await rig.address('pa'), 7_443)).toBe(false);
    expect(await rig.net.pings('solo', 'fd42:b:1:ff::2')).toBe(false);
  });

  test.for<[string, (config: string) => string]>([
    ['TLS 1.2', (config) => `${config}\ntls-version-max 1.2\n`.replace('tls-version-min 1.3', 'tls-version-min 1.2')],
    ['another cipher', (config) => config.replace(/^data-ciphers .*$/m, 'data-ciphers AES-128-CBC')],
    [
      'another wrapping key',
      (config) => config.replace(/^[A-Za-z0-9+/]{64}$/m, (line) => [...line].toReversed().join('')),
    ],
  ])('T-20 a client with %s is refused', async ([, change]) => {
    expect(await rig.admits('solo', change)).toBe(false);
  });

  test('T-20 a client without a file of its own is refused, however good its certificate', async () => {
    const file = join(rig.gatewayDir, 'ccd', `ovpn-${rig.id('solo')}`);
    await rename(file, `${file}.away`);
    try {
      expect(await rig.admits('solo')).toBe(false);
    } finally {
      await rename(`${file}.away`, file);
    }
  });

  test('T-68 the wrapping key is exchanged without a node that is lost, and the old one opens nothing afterwards', async () => {
    const before = await readFile(join(rig.dir, 'solo', 'tunnel', 'client.conf'), 'utf8');
    await rig.api.overlay.changeKey({ step: 'begin', despite: false });
    await until('every node knows the new key', 30_000, async () => {
      return (await rig.view()).clients.every(({ profile }) => profile === 'current');
    });
    await rig.api.overlay.changeKey({ step: 'finish', despite: false });
    for (const place of ['fa', 'fb', 'solo'] as const) {
      await until(`${place} is back`, TCP_MS_MAX, async () => (await rig.client(place))?.tunnel === 'up');
    }
    await rig.finished(await rig.commands('pa'), BACK_MS_MAX);
    const [, old = ''] = /<tls-crypt-v2>\n([^<]+)<\/tls-crypt-v2>/.exec(before) ?? [];
    const withOld = (config: string) => config.replace(/(<tls-crypt-v2>\n)[^<]+/, `$1${old}`);
    expect(await rig.admits('solo', withOld)).toBe(false);
  });

  test('T-18 neither a Pi of another site nor another client is reached over the tunnel, and what was tried is counted', async () => {
    // A client that wants more than it was told to: it sends everything of the overlay into its tunnel.
    await rig.net.inside('fa', 'ip', '-6', 'route', 'add', 'fd42:b:1::/48', 'dev', 'bramble0');
    await rig.net.inside('solo', 'ip', '-6', 'route', 'add', 'fd42:b:1::/48', 'dev', 'bramble0');
    for (const target of [await rig.address('solo'), 'fd42:b:1:200::2']) {
      expect(await rig.net.pings('pa', target)).toBe(false);
    }
    expect(await rig.net.pings('solo', await rig.address('pa'))).toBe(false);
    expect(await connects(rig, 'solo', await rig.address('pa'), 7_442)).toBe(false);
    // All nodes of the link, and all of a site: neighbours are asked for this way, and routers found. Only itself hears it.
    for (const group of ['ff02::1%bramble0', 'ff05::1%bramble0']) {
      const asked = ['ping', '-n', '-c', '2', '-W', '1', group] as const;
      const told = await rig.net
        .inside('solo', ...asked)
        .catch((failed: { readonly stdout?: string }) => failed.stdout ?? '');
      const answered = new Set(Array.from(told.matchAll(/bytes from (\S+)/g), ([, from]) => from));
      expect(answered.size, group).toBeLessThanOrEqual(1);
    }
    const counted = await rig.net.inside('ctl', 'nft', 'list', 'counter', 'inet', 'bramble_overlay', 'between_clients');
    expect(Number(/packets (\d+)/.exec(counted)?.[1])).toBeGreaterThanOrEqual(4);
  });

  test('T-19 a client that speaks with somebody else’s address is not heard', async () => {
    const stolen = await rig.address('pa');
    await rig.net.inside('solo', 'ip', '-6', 'addr', 'add', `${stolen}/128`, 'dev', 'lo', 'nodad');
    try {
      expect(await rig.net.does('solo', 'ping', '-n', '-c', '1', '-W', '1', '-I', stolen, CONTROLLER_INSIDE)).toBe(
        false,
      );
    } finally {
      await rig.net.inside('solo', 'ip', '-6', 'addr', 'del', `${stolen}/128`, 'dev', 'lo');
    }
    await expect.poll(async () => rig.net.pings('solo', CONTROLLER_INSIDE)).toBe(true);
    await until('it is told', 15_000, async () => {
      const events = await rig.api.events({ node: rig.id('solo') }, 100);
      return events.some(({ reason, message }) => reason === 'TunnelForeignSource' && message.includes(stolen));
    });
  });

  test('a router that gets another address costs 20 s at most, and no command', async () => {
    const address = await rig.address('pa');
    await rig.net.readdress('ra', 12);
    const command = await rig.commands('pa');
    await until('anna is back', BACK_MS_MAX, () => rig.net.pings('ops', address));
    await rig.finished(command, BACK_MS_MAX);
  });

  test('an uplink that was cut for a minute: what was ordered meanwhile is done within 20 s of its return', async () => {
    await rig.net.cut('rc', true);
    const command = await rig.commands('solo');
    const cutMs = performance.now();
    await until('the agent is missed', 60_000, async () => {
      return (await rig.client('solo'))?.tunnel === 'down' || performance.now() - cutMs > 59_000;
    });
    await until('a minute has passed', 60_000, async () => performance.now() - cutMs >= 60_000);
    await rig.net.cut('rc', false);
    await rig.finished(command, BACK_MS_MAX);
    await until('the tunnel is back', BACK_MS_MAX, async () => rig.net.pings('ops', await rig.address('solo')));
  });

  test('a gateway that is restarted tells its clients, which are back within 20 s', async () => {
    const command = await rig.commands('solo');
    const [pid] = await rig.gatewayPids();
    process.kill(pid ?? 0, 'SIGTERM');
    await until('another process', 10_000, async () => (await rig.gatewayPids()).some((each) => each !== pid));
    for (const place of ['pa', 'solo'] as const) {
      const address = await rig.address(place);
      await until(`${place} is reached`, BACK_MS_MAX, () => rig.net.pings('ops', address));
    }
    await rig.finished(command, BACK_MS_MAX);
  });

  test('a gateway that is killed is started again, and its sites are back within 20 s', async () => {
    const [pid] = await rig.gatewayPids();
    process.kill(pid ?? 0, 'SIGKILL');
    await until('another process', 10_000, async () => (await rig.gatewayPids()).some((each) => each !== pid));
    for (const place of ['pa', 'solo'] as const) {
      const address = await rig.address(place);
      await until(`${place} is reached`, BACK_MS_MAX, () => rig.net.pings('ops', address));
    }
    await rig.finished(await rig.commands('pa'), BACK_MS_MAX);
  });

  test('T-11 a revoked node loses its stream within a second and its tunnel within five, and gets no other', async () => {
    const id = rig.id('solo');
    const address = await rig.address('solo');
    await rig.api.revoke(id, 'a test');
    await until('the stream is gone', 1_000, async () => (await rig.api.node(id)).state === 'revoked');
    await until('the tunnel is gone', 5_000, async () => !(await rig.net.pings('ops', address)));
    expect((await rig.view()).clients.map(({ nodeId }) => nodeId)).not.toContain(id);
    expect(await rig.admits('solo')).toBe(false);
  });

  test('T-17 a gateway without its list of revoked certificates does not start, and with a stale one lets nobody in', async () => {
    const list = join(rig.gatewayDir, 'revoked.pem');
    await rm(list);
    const without = await rig.gatewayAlone();
    await until('it ends', 10_000, async () => without.exitCode !== null);
    expect(without.exitCode).not.toBe(0);
    const authority = await openAuthority({
      dir: join(rig.dir, 'data', 'pki'),
      clock: systemClock,
      random: systemRandom,
    });
    await writeFile(list, await authority.overlay.revocationList([], -HALF_AN_HOUR_MS));
    await rig.gatewayAlone();
    expect(await rig.admits('fa')).toBe(false);
    await writeFile(list, await authority.overlay.revocationList([], HALF_AN_HOUR_MS));
    expect(await rig.admits('fa')).toBe(true);
  });
});

/** Whether a TCP port of an address is open for a place. */
function connects(rig: OverlayRig, from: Place, to: string, port: number): Promise<boolean> {
  const program = `require('net').connect(${port}, '${to}').setTimeout(3000, () => process.exit(1)).on('error', () => process.exit(1)).on('connect', () => process.exit(0))`;
  return rig.net.does(from, process.execPath, '-e', program);
}
