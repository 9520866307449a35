import { expect, test } from 'vitest';
import { NOTHING_REPAIRED } from '../../../proto/contract/netboot/repair.js';
import { by } from '../testing/by.js';
import { HealingSite } from '../testing/healing-site.js';

const ENFORCE = 'name: test\nversion: 1\nmode: enforce\n';
const MINUTE_MS = 60_000;
const GRACE_MS = 8 * MINUTE_MS;
const kim = by('admin:kim');

async function started(): Promise<HealingSite> {
  const site = await HealingSite.start(ENFORCE);
  await site.pass(GRACE_MS);
  return site;
}

const openCauses = async ({ fleet }: HealingSite): Promise<readonly string[]> =>
  (await fleet.store.reader.incidents.incidents({ state: 'open', limit: 10 })).map(({ cause }) => cause);

async function story({ fleet }: HealingSite, id: string): Promise<readonly string[]> {
  const entries = await fleet.store.reader.incidents.timeline(id, 100);
  return entries.map(({ kind }) => kind);
}

test('a hung Pi: one incident, from the signal by three sides to the verification, and closed by itself', async () => {
  const site = await started();
  site.hang(1);
  await site.untilOrdered(1);
  await site.done(site.fileserver, NOTHING_REPAIRED);
  await site.untilOrdered(2);
  const [incident] = site.fleet.core.healing.incidents.live();
  expect(incident).toMatchObject({ cause: 'node:pi-1', site: 'lab', severity: 'warning', row: 'hung' });
  expect(incident?.sides.map(({ side, name }) => `${side} ${name}`)).toEqual([
    'agent pi-1',
    'fileserver fs-1',
    'switch sw-1 port 1',
  ]);
  await site.done(site.switch, 'off for 20 s');
  site.revive(1);
  await site.pass(12 * MINUTE_MS);
  expect(await openCauses(site)).toEqual([]);
  const told = await story(site, incident?.id ?? '');
  const order = ['signal', 'decision', 'action', 'verification'].map((kind) => told.indexOf(kind));
  expect(order.every((place) => place >= 0)).toBe(true);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect((await site.fleet.timeline()).filter((reason) => reason.startsWith('Incident'))).toEqual([
    'IncidentOpened',
    'IncidentClosed',
  ]);
});

test('T-28 a whole site is said to be dead: one incident with everybody in it, and nothing is done', async () => {
  const site = await started();
  for (const agent of [...site.pis, site.switch, site.fileserver]) site.silent.add(agent);
  await site.pass(10 * MINUTE_MS);
  expect(await openCauses(site)).toEqual(['site:lab']);
  const [incident] = site.fleet.core.healing.incidents.live();
  expect(incident?.members.map(({ name }) => name)).toEqual(['pi-1', 'pi-2', 'pi-3', 'pi-4']);
  expect(await site.orders()).toEqual([]);
});

test('Pis whose silence is heard a little before that of their fileserver: one incident, the fileserver’s', async () => {
  const site = await started();
  for (const pi of site.pis) site.silent.add(pi);
  await site.pass(20_000);
  site.silent.add(site.fileserver);
  await site.pass(10 * MINUTE_MS);
  const opened = await site.fleet.store.reader.incidents.incidents({ state: 'all', limit: 10 });
  expect(opened.map(({ cause, row }) => `${cause} ${row}`)).toEqual(['fileserver:fs-1 fileserver-gone']);
  expect(await site.orders()).toEqual([]);
});

test('where nothing can be done from here, the incident says where somebody has to go', async () => {
  const site = await started();
  const [pi] = site.pis;
  if (pi !== undefined) site.silent.add(pi);
  await site.pass(8 * MINUTE_MS);
  const [incident] = site.fleet.core.healing.incidents.live();
  const errand = 'somebody has to go to site lab, shelf shelf-1, port sw-1/1 (board 3b 00000001)';
  expect(incident?.members).toMatchObject([{ name: 'pi-1', state: 'await-hands', heldBecause: errand }]);
  const story = await site.fleet.store.reader.incidents.timeline(incident?.id ?? '', 100);
  expect(story.map(({ words }) => words)).toContainEqual(expect.stringContaining(errand));
});

test('what people say of an incident is on record, and closing it alerts nobody of the same again', async () => {
  const site = await started();
  site.hang(1);
  await site.untilOrdered(1);
  const { incidents } = site.fleet.core.healing;
  const id = incidents.live()[0]?.id ?? '';
  await incidents.acknowledge(id, kim);
  await incidents.comment(id, 'on my way', kim);
  await incidents.close(id, 'a cable, I know', kim);
  await site.pass(10 * MINUTE_MS);
  expect(await openCauses(site)).toEqual([]);
  const stored = await site.fleet.store.reader.incidents.incident(id);
  expect(stored).toMatchObject({ closedBy: 'admin:kim', acknowledged: { by: 'admin:kim' } });
  const { audit } = site.fleet.store.reader;
  const done = await audit.newest({ limit: 10 });
  expect(done.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['incident.ack', 'incident.comment', 'incident.close']),
  );
});

test('a restart keeps an open incident open, and the same', async () => {
  const before = await started();
  before.hang(1);
  await before.untilOrdered(1);
  const id = before.fleet.core.healing.incidents.live()[0]?.id;
  await before.fleet.core.stop();
  const site = await before.restart();
  site.hang(1);
  await site.pass(GRACE_MS + 2 * MINUTE_MS);
  expect(site.fleet.core.healing.incidents.live().map((incident) => incident.id)).toEqual([id]);
});
