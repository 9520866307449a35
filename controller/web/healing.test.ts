/** Healing and the topology over HTTP, on real use cases: what callers see, change and are refused. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HealingStatus, HoldView, PolicyView } from '../../proto/contract/api/healing.js';
import type { AddressList, OfferList, TopologyView, WhatIfView } from '../../proto/contract/api/topology.js';
import { siteId } from '../../proto/contract/ids.js';
import { id, makeNode } from '../usecases/testing/fleet.js';
import { SITE_TOPOLOGY } from '../usecases/testing/healing-site.js';
import { RealFleet } from './testing/real-fleet.js';

const SITE = SITE_TOPOLOGY.sites[0]?.name ?? '';
let fleet: RealFleet;
beforeEach(async () => {
  fleet = await RealFleet.start({ nodes: [makeNode(1), makeNode(2, { site: siteId('cellar') })] });
  await fleet.ask('PUT', '/api/v1/topology', { topology: SITE_TOPOLOGY, expectedRevision: 0, reason: 'as built' });
});
afterEach(async () => {
  await fleet.stop();
  await fleet.store.close();
});

const set = (topology: unknown, expectedRevision = 1) =>
  fleet.ask('PUT', '/api/v1/topology', { topology, expectedRevision, reason: 'moved' });

test('a topology is read back as it was written, and what contradicts itself is refused as a whole', async () => {
  const view = (await fleet.ask('GET', '/api/v1/topology')).json() as TopologyView;
  expect(view).toMatchObject({ revision: 1, topology: { nodes: SITE_TOPOLOGY.nodes } });
  expect((await set(view.topology)).status).toBe(200);
  const lost = { ...view.topology, racks: [] };
  expect((await set(lost, 2)).json()).toMatchObject({ code: 'invalid-argument' });
  expect((await set({ sites: [{ name: 'lab', colour: 'green' }] }, 2)).json()).toMatchObject({
    code: 'invalid-argument',
  });
  expect((await set(view.topology, 1)).json()).toMatchObject({ code: 'failed-precondition' });
  const { nodes, leaks } = (await fleet.ask('GET', '/api/v1/topology/addresses')).json() as AddressList;
  expect([nodes[0]?.vlan, nodes[0]?.exportPath, leaks]).toEqual([10, '/export/10.46.0.2', []]);
});

test('what pulling a plug would do', async () => {
  const answer = await fleet.ask('GET', '/api/v1/topology/what-if?pull=fs-1');
  const { nodes, heldBy } = answer.json() as WhatIfView;
  expect(nodes.map(({ name, effect }) => [name, effect])).toContainEqual(['pi-1', 'hung']);
  expect(heldBy).toBe('fileserver:fs-1');
  expect((await fleet.ask('GET', '/api/v1/topology/what-if?pull=nobody')).status).toBe(404);
});

test('T-22 whoever may see one site sees what stands there, and changes nothing of the fleet', async () => {
  const theirs = (await fleet.askAs('site-admin@cellar', 'GET', '/api/v1/topology')).json() as TopologyView;
  expect(theirs.topology).toMatchObject({ sites: [], nodes: [], switches: [], pools: [] });
  expect((await fleet.askAs('site-admin@cellar', 'GET', '/api/v1/topology/what-if?pull=fs-1')).status).toBe(404);
  expect((await fleet.askAs('site-admin@cellar', 'GET', `/api/v1/nodes/${id(1)}/healing`)).status).toBe(404);
  const pause = { scope: SITE, reason: 'mine', untilMs: fleet.world.clock.nowMs() + 3_600_000 };
  expect((await fleet.askAs('site-admin@cellar', 'POST', '/api/v1/healing/holds', pause)).status).toBe(404);
  const everything = { ...pause, scope: 'fleet' };
  expect((await fleet.askAs('site-admin@cellar', 'POST', '/api/v1/healing/holds', everything)).status).toBe(403);
  const policy = { text: 'name: mine\nversion: 1\nmode: enforce\n', reason: 'now' };
  expect((await fleet.askAs('site-admin', 'PUT', '/api/v1/healing/policy', policy)).status).toBe(403);
});

test('a policy that is wrong is refused with its path; a changed one wants a higher version', async () => {
  const put = (text: string) => fleet.ask('PUT', '/api/v1/healing/policy', { text, reason: 'careful' });
  expect((await put('name: x\nversion: 1\nbudgets: {fleetInFlight: 5000}\n')).json()).toMatchObject({
    code: 'invalid-argument',
    message: expect.stringContaining('budgets.fleetInFlight'),
  });
  const first = (await put('name: x\nversion: 1\n')).json() as PolicyView;
  expect(first).toMatchObject({ revision: 1, mode: 'shadow' });
  expect((await put('name: x\nversion: 1\nmode: enforce\n')).json()).toMatchObject({ code: 'failed-precondition' });
  const second = (await put('name: x\nversion: 2\nmode: enforce\n')).json() as PolicyView;
  expect(second).toMatchObject({ revision: 2, mode: 'enforce' });
  expect(second.hash).not.toBe(first.hash);
  expect(await fleet.timeline()).toContain('HealingPolicySet');
});

test('a pause is seen by everybody whom it touches, and ends', async () => {
  const untilMs = fleet.world.clock.nowMs() + 3_600_000;
  const made = await fleet.ask('POST', '/api/v1/healing/holds', { reason: 'storm outside', untilMs });
  const hold = made.json() as HoldView;
  const seen = (await fleet.askAs('viewer@cellar', 'GET', '/api/v1/healing')).json() as HealingStatus;
  expect(seen.holds.map(({ scope, reason }) => [scope, reason])).toEqual([['fleet', 'storm outside']]);
  expect((await fleet.ask('DELETE', `/api/v1/healing/holds/${hold.id}`)).status).toBe(200);
  const after = (await fleet.ask('GET', '/api/v1/healing')).json() as HealingStatus;
  expect([after.holds, after.mode, after.unenrolled]).toEqual([[], 'shadow', ['pi-3', 'pi-4']]);
  const late = { reason: 'x', untilMs: fleet.world.clock.nowMs() - 1 };
  expect((await fleet.ask('POST', '/api/v1/healing/holds', late)).status).toBe(400);
});

test('work is placed on nobody who is not heard', async () => {
  const { offers } = (await fleet.ask('GET', '/api/v1/placement/offers')).json() as OfferList;
  expect(offers).toEqual([]);
  const answer = await fleet.ask('POST', '/api/v1/placement', { count: 2, coresMin: 4 });
  expect(answer.json()).toEqual({ nodes: [], rejected: {} });
});
