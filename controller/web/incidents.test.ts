/** Incidents over HTTP: who sees and says what. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { IncidentDetail, IncidentList } from '../../proto/contract/api/incidents.js';
import type { Incident } from '../domain/incidents/incident.js';
import { RealFleet } from './testing/real-fleet.js';

const ID = '019a8f3e-0000-7000-8000-00000000000';
const incident = (n: number, over: Partial<Incident> = {}): Incident => ({
  id: `${ID}${n}`,
  cause: `node:pi-${n}`,
  site: 'home',
  row: 'hung',
  verdict: 'it hangs \u001b[31m',
  severity: 'warning',
  openedAtMs: 1,
  members: [{ name: 'pi-1', state: 'held', heldBecause: 'two at once', sinceMs: 1, wellSinceMs: undefined }],
  sides: [{ side: 'agent', name: 'pi-1', words: 'silent' }],
  wellSinceMs: undefined,
  overAtMs: undefined,
  closedAtMs: undefined,
  closedBy: '',
  acknowledged: undefined,
  ...over,
});

let fleet: RealFleet;
beforeEach(async () => {
  fleet = await RealFleet.start();
  await fleet.store.transact(async ({ incidents }) => {
    await incidents.putIncident(incident(1));
    await incidents.putIncident(incident(2, { site: 'cellar' }));
    await incidents.putIncident(incident(3, { site: undefined, cause: 'fleet:fleet' }));
    await incidents.putIncident(incident(4, { closedAtMs: 2, overAtMs: 2 }));
  });
});
afterEach(async () => {
  await fleet.stop();
  await fleet.store.close();
});

const causes = (list: unknown): readonly string[] => (list as IncidentList).incidents.map(({ cause }) => cause);

test('open ones are listed newest first, page by page, and text of nodes is inert', async () => {
  const first = (await fleet.ask('GET', '/api/v1/incidents?limit=2')).json() as IncidentList;
  expect(causes(first)).toEqual(['fleet:fleet', 'node:pi-2']);
  const second = await fleet.ask('GET', `/api/v1/incidents?limit=2&cursor=${first.nextCursor}`);
  expect(causes(second.json())).toEqual(['node:pi-1']);
  expect(causes((await fleet.ask('GET', '/api/v1/incidents?state=closed')).json())).toEqual(['node:pi-4']);
  expect(second.text).not.toContain('\u001b');
});

test('whoever may see one site sees its incidents alone', async () => {
  expect(causes((await fleet.askAs('viewer@cellar', 'GET', '/api/v1/incidents')).json())).toEqual(['node:pi-2']);
  expect((await fleet.askAs('viewer@cellar', 'GET', `/api/v1/incidents/${ID}1`)).status).toBe(404);
  expect((await fleet.askAs('viewer@cellar', 'GET', `/api/v1/incidents/${ID}3`)).status).toBe(404);
});

test('seeing to it, saying something and closing are for those who maintain that site, and are told', async () => {
  const path = `/api/v1/incidents/${ID}2`;
  expect((await fleet.askAs('viewer@cellar', 'POST', `${path}/acknowledge`)).status).toBe(403);
  expect((await fleet.askAs('operator@home', 'POST', `${path}/acknowledge`)).status).toBe(404);
  expect((await fleet.askAs('operator@cellar', 'POST', `${path}/acknowledge`)).status).toBe(200);
  expect((await fleet.askAs('operator@cellar', 'POST', `${path}/comments`, { text: 'I go' })).status).toBe(200);
  expect((await fleet.askAs('operator@cellar', 'POST', `${path}/close`, { reason: 'done' })).status).toBe(200);
  const detail = (await fleet.ask('GET', path)).json() as IncidentDetail;
  expect(detail).toMatchObject({ state: 'closed', closedBy: expect.stringContaining('api-token') });
  expect(detail.timeline.map(({ words }) => words)).toEqual(['sees to it', 'I go', 'closed: done']);
  expect((await fleet.ask('POST', `${path}/acknowledge`)).json()).toMatchObject({ code: 'failed-precondition' });
  expect(await fleet.timeline()).toContain('IncidentClosed');
});
