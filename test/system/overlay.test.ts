import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { GATEWAY_ADDRESS } from './overlay-net.js';
import { CONTROLLER_INSIDE, OverlayRig, until } from './overlay-rig.js';

const PACKAGES = ['openvpn', 'nftables', 'iproute2', 'iputils-ping'] as const;
const { present } = inject('debian');
const absent = PACKAGES.filter((name) => !present.includes(name));
const why =
  process.getuid?.() !== 0
    ? ' (skipped: not root)'
    : absent.length > 0
      ? ` (skipped: without ${absent.join(', ')})`
      : '';

const UDP_MS_MAX = 10_000;
const TCP_MS_MAX = 30_000;
const BACK_MS_MAX = 20_000;
const ENROL = `${GATEWAY_ADDRESS}:7442`;

describe.skipIf(why !== '')(`a federation over real tunnels${why}`, { timeout: 180_000 }, () => {
  let rig: OverlayRig;
  beforeAll(async () => {
    rig = await OverlayRig.open();
  }, 120_000);
  afterAll(async () => rig?.close());

  test('a site gateway behind a router has its tunnel within 10 s, and the controller is reached through it', async () => {
    await rig.startAgent({ place: 'fa', site: 'anna', kind: 'fileserver', enrol: ENROL, mode: 'gateway' });
    const tookMs = await until('tunnel of anna', UDP_MS_MAX, async () => (await rig.client('fa'))?.tunnel === 'up');
    expect(tookMs).toBeLessThan(UDP_MS_MAX);
    expect(await rig.net.pings('fa', CONTROLLER_INSIDE)).toBe(true);
  });

  test('where no UDP passes, the tunnel comes over TCP within 30 s', async () => {
    await rig.startAgent({ place: 'fb', site: 'bert', kind: 'fileserver', enrol: ENROL, mode: 'gateway' });
    await until('tunnel of bert', TCP_MS_MAX, async () => (await rig.client('fb'))?.tunnel === 'up');
    expect((await rig.client('fb'))?.from).toMatch(/^(::1|127\.0\.0\.1)/);
    expect(await rig.net.pings('fb', CONTROLLER_INSIDE)).toBe(true);
  });

  test('a Pi behind the gateway of its site enrols, streams and obeys through the tunnel alone', async () => {
    const [site] = (await rig.view()).sites.filter(({ site }) => site === 'anna');
    const base = site?.prefix.replace(/00::\/56$/, '') ?? '';
    await rig.net.addressPi(`${base}fe`); // any of the site's, until it has its own
    await until('a way to the controller', 5_000, () => rig.net.pings('pa', CONTROLLER_INSIDE));
    await rig.startAgent({ place: 'pa', site: 'anna', kind: 'pi', enrol: `[${CONTROLLER_INSIDE}]:7442` });
    await until('an address of its own', 10_000, async () => (await rig.address('pa')) !== '');
    await rig.net.addressPi((await rig.address('pa')).replace(/::2$/, ''));
    expect(await rig.net.pings('ops', await rig.address('pa'))).toBe(true);
    await rig.finished(await rig.commands('pa'), 20_000);
  });

  test('a donated Pi at somebody’s home has a tunnel of its own', async () => {
    await rig.startAgent({ place: 'solo', site: 'carl', kind: 'pi', enrol: ENROL, mode: 'standalone' });
    await until('tunnel of solo', UDP_MS_MAX, async () => (await rig.client('solo'))?.tunnel === 'up');
    expect(await rig.net.pings('ops', await rig.address('solo'))).toBe(true);
    await rig.finished(await rig.commands('solo'), 20_000);
  });

  test('T-18 neither a Pi of another site nor another client is reached over the tunnel, and what was tried is counted', async () => {
    for (const target of [await rig.address('solo'), await rig.address('fb')]) {
      expect(await rig.net.pings('pa', target)).toBe(false);
    }
    expect(await rig.net.pings('solo', await rig.address('pa'))).toBe(false);
    const counted = await rig.net.inside('ctl', 'nft', 'list', 'counter', 'inet', 'bramble_overlay', 'between_clients');
    expect(Number(/packets (\d+)/.exec(counted)?.[1])).toBeGreaterThanOrEqual(3);
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
    expect(await rig.net.pings('solo', CONTROLLER_INSIDE)).toBe(true);
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
});
