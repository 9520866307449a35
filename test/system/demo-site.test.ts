import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NodeDetail } from '../../proto/contract/api/fleet.js';
import { EventList, NodeList } from '../../proto/contract/api/lists.js';
import { bramble, EXAMPLE_UNIT, endAll, getJson, ofData, Run, until } from './quickstart-rig.js';

/** As many as a test needs: both processes of the site have some. */
const PIS = 4;
/** Exit code of what the state of things does not allow. */
const REFUSED = 5;

describe('npm start with its demo site', () => {
  let data = '';
  let run: Run;
  let url = '';

  const demoNodes = async () => {
    const { nodes } = NodeList.parse(await getJson(`${url}/api/v1/nodes`));
    return nodes.filter(({ site }) => site === 'demo');
  };
  const idsByName = async () => Object.fromEntries((await demoNodes()).map(({ name, id }) => [name, id]));
  const bootOf = async (id: string) => {
    const { facts } = NodeDetail.parse(await getJson(`${url}/api/v1/nodes/${id}`));
    return facts.find(({ fact }) => fact === 'boot_id_text')?.value;
  };
  const start = async (...more: readonly string[]) => {
    // Troubles of its own would come between.
    run = new Run(data, '--port', '0', '--demo-calm', ...more);
    url = await run.up();
  };
  const stop = async () => {
    process.kill(run.pid, 'SIGINT');
    expect(await run.ended()).toBe(0);
    expect(ofData(data)).toEqual([]);
  };

  beforeAll(async () => {
    data = mkdtempSync(path.join(tmpdir(), 'bramble-demo-'));
    await start('--demo-pis', String(PIS));
  });
  afterAll(async () => {
    await endAll();
    rmSync(data, { recursive: true, force: true });
  });

  test('when it is up every simulated Pi, their fileserver and their switch are connected, beside this machine', async () => {
    const nodes = await demoNodes();
    expect(nodes.map(({ name }) => name).sort()).toEqual([
      'demo-01',
      'demo-02',
      'demo-03',
      'demo-04',
      'demo-fs',
      'demo-sw',
    ]);
    expect(nodes.every(({ liveness }) => liveness === 'fresh')).toBe(true);
    expect(new Set(nodes.map(({ model }) => model)).size).toBeGreaterThan(2);
    const { nodes: all } = NodeList.parse(await getJson(`${url}/api/v1/nodes`));
    expect(all).toHaveLength(PIS + 3);
    expect(run.err).toBe('');
  });

  test('commands work on them: a unit restarts, and a reboot takes the Pi away and brings it back', async () => {
    const restarted = await bramble(data, 'node', 'restart-unit', 'demo-02', EXAMPLE_UNIT);
    expect(restarted).toMatchObject({ status: 0, out: expect.stringContaining('succeeded') });
    const id = (await idsByName())['demo-03'] ?? '';
    const before = await bootOf(id);
    const asked = bramble(data, 'node', 'reboot', 'demo-03', '--confirm=demo-03');
    await until(async () => (await bootOf(id)) !== before);
    expect(before).toMatch(/^[0-9a-f-]{36}$/);
    expect(await asked).toMatchObject({ status: 0, out: expect.stringContaining('succeeded') });
  });

  test('a drill of the uplink takes an agent away, and it is back by itself', async () => {
    const words = ['--site=demo', '--sample=1', '--for=10s', '--within=40s', '--any-time', '--confirm=demo'];
    let drilled = { status: REFUSED, out: '', err: '' };
    // Not while the Pis that the tests before this one took away come back.
    await until(async () => {
      drilled = await bramble(data, 'drill', 'uplink', ...words);
      return drilled.status !== REFUSED;
    });
    expect(drilled.err).toContain('THIS IS A DRILL: uplink at site demo');
    expect(drilled.out).toMatch(/stay away for 10 s succeeded \(back after [1-9][0-9] s, over the same address\)/);
    expect(drilled.out).toContain('Was the standby current and working?  there is none');
  });

  test('a board that boots over the network is seen by the fileserver, stage by stage', async () => {
    const booted = await bramble(data, 'node', 'boot', 'demo-02');
    expect(booted).toMatchObject({ status: 0, out: expect.stringContaining('It is up') });
    for (const stage of ['dhcp-seen', 'bootcode-served', 'kernel-served', 'nfs-mounted', 'verified']) {
      expect(booted.out).toContain(stage);
    }
  });

  test('the switch knows who is on its ports; its power cycle boots the board, and the trunk is never cut', async () => {
    // A board that starts has no link for some seconds.
    await until(async () => {
      const ports = await bramble(data, 'switch', 'ports', 'demo-sw');
      return /swp4 +up +pi: demo-04 +14u 10 +demo-04 +connected/.test(ports.out);
    });
    const id = (await idsByName())['demo-04'] ?? '';
    const before = await bootOf(id);
    const cycled = await bramble(data, 'power', 'cycle', 'demo-sw', 'swp4', '--confirm=swp4');
    expect(cycled).toMatchObject({ status: 0, out: expect.stringContaining('swp4 was off for 15000 ms') });
    await until(async () => (await bootOf(id)) !== before);
    const refused = await bramble(data, 'power', 'off', 'demo-sw', 'swp49', '--confirm=swp49');
    expect(refused).toMatchObject({ out: expect.stringContaining('never cut') });
  });

  test('its array is whole or on the way there, and reboots are judged by it', async () => {
    const shown = await bramble(data, 'raid', 'show', 'demo-fs');
    expect(shown).toMatchObject({ status: 0, out: expect.stringContaining('raid1') });
    const replaced = await bramble(data, 'raid', 'replace', 'demo-fs', 'md0', 'sda', 'sdc', '--confirm=demo-fs');
    expect(replaced).toMatchObject({ status: 0, out: expect.stringContaining('recover runs') });
    const refused = await bramble(data, 'node', 'reboot', 'demo-fs', '--confirm=demo-fs');
    expect(refused).toMatchObject({ out: expect.stringContaining('a reboot now is not safe') });
    expect(refused.status).not.toBe(0);
  });

  test('the tokens that let them in are gone', () => {
    expect(readdirSync(path.join(data, 'demo')).filter((name) => name.includes('token'))).toEqual([]);
  });

  test('the next start goes on with the same nodes in the same boots', async () => {
    const before = await idsByName();
    await stop();
    await start('--demo-pis', String(PIS));
    expect(await idsByName()).toEqual(before);
    const { events } = EventList.parse(await getJson(`${url}/api/v1/events?limit=1000`));
    expect(events.filter(({ reason }) => reason === 'NodeEnrolled')).toHaveLength(PIS + 3);
    const rebooted = events.filter(
      ({ reason, nodeName }) => reason === 'NodeRebooted' && !['demo-03', 'demo-04'].includes(nodeName ?? ''),
    );
    expect(rebooted).toEqual([]);
  });

  test('fewer Pis than before are not missed: those that went are out of service', async () => {
    await stop();
    await start('--demo-pis', '1');
    const states = (await demoNodes()).map(({ name, state }) => [name, state === 'revoked']).sort();
    expect(states).toEqual([
      ['demo-01', false],
      ['demo-02', true],
      ['demo-03', true],
      ['demo-04', true],
      ['demo-fs', false],
      ['demo-sw', false],
    ]);
  });
});
