/** Sites, labels, maintenance and long lists on the command line, against real use cases. */

import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { siteId } from '../../proto/contract/ids.js';
import { makeNode } from '../usecases/testing/fleet.js';
import { RealFleet } from '../web/testing/real-fleet.js';
import { runCommandLine } from './testing/host.js';

let fleet: RealFleet;
beforeEach(async () => {
  fleet = await RealFleet.start();
});
afterEach(async () => {
  await fleet.stop();
  await fleet.store.close();
});

const bramble = (...words: readonly string[]) =>
  runCommandLine(words, join(fleet.dir, 'admin.sock'), { clock: fleet.world.clock });

test('a site is made, listed, described and deleted when its name is said twice', async () => {
  const uplink = ['--down', '50M', '--up', '10M', '--monthly', '500G'];
  expect((await bramble('site', 'create', 'barn', '--label', 'The barn', ...uplink)).code).toBe(0);
  expect((await bramble('get', 'sites', '-o', 'name')).out).toBe('site/barn\n');
  expect((await bramble('site', 'list')).out).toContain('barn');
  const described = await bramble('site', 'describe', 'barn');
  expect(described.out).toContain('50 Mbit/s down, 10 Mbit/s up, 500 GB a month');
  expect((await bramble('site', 'create', 'barn')).code).toBe(5);
  expect((await bramble('site', 'create', 'half', '--down', '1M')).code).toBe(2);
  expect((await bramble('site', 'delete', 'barn')).code).toBe(6);
  expect((await bramble('site', 'delete', 'barn', '--confirm=barn')).code).toBe(0);
  expect((await bramble('site', 'describe', 'barn')).code).toBe(3);
});

test('what goes over an uplink is said beside what it bears', async () => {
  await bramble('site', 'create', 'barn', '--down', '2M', '--up', '256k', '--monthly', '1G');
  const barn = siteId('barn');
  fleet.uplinks.bulkWaitMs(barn, 'images', 500_000);
  fleet.uplinks.carried([{ site: barn, address: '192.0.2.7', receivedBytes: 4_000, sentBytes: 505_000 }]);
  const shown = await bramble('site', 'uplink', 'barn');
  expect(shown.code).toBe(0);
  expect(shown.out).toMatch(/barn +808 kbit\/s \(40 %\) +2 Mbit\/s +800 kbit\/s +6\.4 kbit\/s \(2\.5 %\) +256 kbit\/s/);
  expect(JSON.parse((await bramble('site', 'uplink', '-o', 'json')).out)).toMatchObject({
    uplinks: expect.arrayContaining([expect.objectContaining({ site: 'barn' })]),
  });
  expect((await bramble('site', 'uplink', 'nowhere')).code).toBe(3);
});

test('nodes are labelled, and found by their labels and their site', async () => {
  expect((await bramble('node', 'label', 'pi-1', 'rack=3', 'env=a')).code).toBe(0);
  expect((await bramble('get', 'nodes', '-l', 'rack=3,env in (a,b)', '-o', 'name')).out).toBe('node/pi-1\n');
  expect((await bramble('get', 'nodes', '--site', 'nowhere')).out).toContain('No nodes');
  expect((await bramble('node', 'label', 'pi-1', 'env-')).code).toBe(0);
  expect((await bramble('get', 'nodes', '-l', '!env', '-o', 'name')).out).toBe('node/pi-1\nnode/pi-2\n');
  expect((await bramble('describe', 'node', 'pi-1')).out).toMatch(/Labels +rack=3\n/);
  for (const wrong of ['rack', 'a b=c', 'rack=$(x)', '=x']) {
    expect((await bramble('node', 'label', 'pi-1', wrong)).code, wrong).toBe(2);
  }
  const broken = await bramble('get', 'nodes', '-l', 'rack in');
  expect([broken.code, broken.out]).toEqual([2, '']);
});

test('maintenance begins, is seen, and ends', async () => {
  const begun = await bramble('node', 'maintain', 'pi-1', '--reason', 'new card', '--for', '2h');
  expect([begun.code, begun.out]).toEqual([
    0,
    expect.stringMatching(/^pi-1: maintenance until .*Z, by admin:kim: new card\n$/),
  ]);
  expect((await bramble('get', 'nodes')).out).toMatch(/pi-1 +maintenance/);
  expect((await bramble('node', 'resume', 'pi-1')).out).toBe('pi-1: maintenance no\n');
  expect((await bramble('node', 'maintain', 'pi-1')).code).toBe(2);
  expect((await bramble('site', 'maintain', 'nowhere', '--reason', 'x')).code).toBe(3);
});

test('a list of more than a page is the whole list', async () => {
  await fleet.stop();
  await fleet.store.close();
  fleet = await RealFleet.start({ nodes: Array.from({ length: 2_300 }, (_, n) => makeNode(n + 1)) });
  expect((await bramble('get', 'nodes', '-o', 'name')).out.trimEnd().split('\n')).toHaveLength(2_300);
  await fleet.store.transact(async (writer) => {
    for (let n = 0; n < 1_200; n++) {
      await writer.addFleetEvent({ atMs: n, nodeId: undefined, severity: 'info', reason: 'Test', message: String(n) });
    }
  });
  const { events } = JSON.parse((await bramble('events', '-l', '700', '-o', 'json')).out) as { events: unknown[] };
  expect(events).toHaveLength(700);
});

test('what people say of a site and of a node is changed by verbs, and taken back', async () => {
  await bramble('site', 'create', 'barn', '--down', '50M', '--up', '10M');
  const site = async (...words: string[]): Promise<unknown> =>
    JSON.parse((await bramble('site', 'set', 'barn', ...words, '-o', 'json')).out);
  expect(await site('--location', 'attic')).toMatchObject({ location: 'attic', uplink: { downBitsPerS: 50_000_000 } });
  expect(await site('--down', '1G', '--up', '1G', '--monthly', '2T')).toMatchObject({
    location: 'attic',
    uplink: { downBitsPerS: 1_000_000_000, monthlyBytes: 2_000_000_000_000 },
  });
  expect(await site('--no-uplink')).not.toHaveProperty('uplink');
  expect(await bramble('site', 'set', 'barn')).toMatchObject({ code: 2, err: expect.stringContaining('--location') });

  await bramble('node', 'capability', 'pi-1', 'poe=yes', 'netboot=rom');
  await bramble('node', 'rename', 'pi-1', 'pi-one');
  const node = async (): Promise<unknown> =>
    JSON.parse((await bramble('describe', 'node', 'pi-one', '-o', 'json')).out);
  expect(await node()).toMatchObject({
    node: { name: 'pi-one', capabilityOverrides: { poe: 'yes', netboot: 'rom' } },
  });
  await bramble('node', 'capability', 'pi-one', 'poe-');
  expect(await node()).toMatchObject({ node: { capabilityOverrides: { netboot: 'rom' } } });
  for (const wrong of ['poe=maybe', 'poe', 'wings=yes', '-']) {
    const { code, err } = await bramble('node', 'capability', 'pi-one', '--', wrong);
    expect({ wrong, code, err }).toEqual({ wrong, code: 2, err: expect.stringContaining('not capabilities') });
  }
});

test('--dry-run of every verb that changes the fleet tells what would be done, and does nothing', async () => {
  await bramble('site', 'create', 'barn');
  const { keyId } = JSON.parse(
    (await bramble('token', 'create', '--site', 'barn', '--kind', 'pi', '-o', 'json')).out,
  ) as {
    keyId: string;
  };
  const before = await everything();
  for (const [line, would] of [
    ['site create shed', 'would make the site shed'],
    ['site set barn --location attic', 'would change the site barn'],
    ['site maintain barn --reason x', 'would begin the maintenance of barn'],
    ['site resume barn', 'would end the maintenance of barn'],
    ['node label pi-1 rack=3', 'would change the labels of pi-1'],
    ['node capability pi-1 poe=yes', 'would change the capabilities of pi-1'],
    ['node rename pi-1 pi-one', 'would change the name of pi-1'],
    ['node maintain pi-1 --reason x', 'would begin the maintenance of pi-1'],
    ['node resume pi-1', 'would end the maintenance of pi-1'],
    ['node revoke pi-1 --reason x', 'would shut out pi-1'],
    ['node restart-unit pi-1 x.service', 'would order pi-1 to restart x.service'],
    ['node step-clock pi-1', 'would order pi-1 to'],
    ['node diagnostics pi-1', 'would order pi-1 to'],
    [`token revoke ${keyId}`, `would make the token ${keyId} useless`],
  ] as const) {
    const { code, out } = await bramble(...line.split(' '), '--dry-run');
    expect({ line, code, out }).toEqual({ line, code: 0, out: expect.stringContaining(would) });
    expect(out).toContain('nothing was changed');
  }
  expect(await everything()).toEqual(before);
});

/** All that a dry run could have changed. */
async function everything(): Promise<readonly string[]> {
  const views = ['get nodes', 'get sites', 'get tokens', 'get enrolments', 'audit list', 'events'];
  const shown: string[] = [];
  for (const view of views) {
    const { code, out } = await bramble(...view.split(' '), '-o', 'json');
    expect(code).toBe(0);
    shown.push(view === 'audit list' ? changesIn(out) : out);
  }
  return shown;
}

/** Reading the log is itself in the log. */
function changesIn(auditJson: string): string {
  const { records } = JSON.parse(auditJson) as { records: { action: string }[] };
  return JSON.stringify(records.filter(({ action }) => action !== 'audit.read'));
}

test('what a dry run finds in its way is what the change itself would meet', async () => {
  await bramble('site', 'create', 'barn');
  for (const line of [
    'site create barn',
    'site delete nowhere --confirm=nowhere',
    'node thaw pi-1 --reason x',
    'node reboot pi-1 --confirm=pi-1', // whose boot is not known
    'token revoke abcdefgh --confirm=abcdefgh',
    'site create Barn',
  ]) {
    const real = await bramble(...line.split(' '), '-o', 'json');
    const dry = await bramble(...line.split(' '), '-o', 'json', '--dry-run');
    expect({ line, code: dry.code, out: dry.out }).toEqual({ line, code: real.code, out: '' });
    expect(real.code, line).not.toBe(0);
    expect((JSON.parse(dry.err) as { code: string }).code).toBe((JSON.parse(real.err) as { code: string }).code);
  }
});

test('a dry run in json says what it tried', async () => {
  const { out } = await bramble('site', 'create', 'shed', '--dry-run', '-o', 'json');
  expect(JSON.parse(out)).toMatchObject({ dryRun: true, operation: { op: 'create-site', create: { name: 'shed' } } });
});
