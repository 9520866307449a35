/** A site that gets the name of a deleted one is another site: nobody has rights there because of the one before. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { UserList } from '../../../proto/contract/api/access.js';
import { AuditList } from '../../../proto/contract/api/audit.js';
import { id, makeNode } from '../../usecases/testing/fleet.js';
import { tokenHeaders } from '../testing/fixtures.js';
import { ask } from '../testing/http.js';
import { RealFleet } from '../testing/real-fleet.js';
import { SseReader } from '../testing/sse.js';

let fleet: RealFleet;
beforeEach(async () => {
  fleet = await RealFleet.start({ nodes: [makeNode(1)] });
  expect((await fleet.ask('POST', '/api/v1/sites', { name: 'barn' })).status).toBe(201);
});
afterEach(async () => {
  await fleet.stop();
  await fleet.store.close();
});

const remake = async (): Promise<void> => {
  expect((await fleet.ask('DELETE', '/api/v1/sites/barn')).status).toBe(200);
  expect((await fleet.ask('POST', '/api/v1/sites', { name: 'barn' })).status).toBe(201);
};
const statusFor = async (headers: Record<string, string>): Promise<number> =>
  (await ask({ host: '127.0.0.1', port: fleet.port, path: '/api/v1/sites/barn', headers })).status;

test('T-22 a user’s grants at a deleted site are gone when its name is given anew; others stay', async () => {
  const grants = [
    { role: 'viewer', sites: ['barn', 'lab'] },
    { role: 'operator', sites: ['barn'] },
  ];
  const user = { name: 'kim', password: 'correct horse battery', grants };
  expect((await fleet.ask('POST', '/api/v1/users', user)).status).toBe(201);
  await remake();
  const { users } = UserList.parse((await fleet.ask('GET', '/api/v1/users')).json());
  expect(users.map((one) => one.grants)).toEqual([[{ role: 'viewer', sites: ['lab'] }]]);
  const { records } = AuditList.parse((await fleet.ask('GET', '/api/v1/audit?action=user.change')).json());
  expect(records).toMatchObject([
    { actor: 'admin:kim', target: 'user:kim', details: { why: 'site barn was deleted', grants: 'viewer@lab' } },
  ]);
});

test('T-22 an API token for a deleted site alone is revoked, one for others too keeps those', async () => {
  const [only, both, whole] = await Promise.all([
    tokenHeaders(fleet, 'viewer@barn'),
    tokenHeaders(fleet, 'viewer@barn,lab'),
    tokenHeaders(fleet, 'viewer'),
  ]);
  expect(await Promise.all([only, both, whole].map(statusFor))).toEqual([200, 200, 200]);
  await remake();
  expect(await Promise.all([only, both, whole].map(statusFor))).toEqual([401, 404, 200]);
});

test('T-22 an open stream ends with the site, so that it does not go on in the next one of that name', async () => {
  const reader = new SseReader();
  await reader.open(fleet.port, '/api/v1/events/stream', await tokenHeaders(fleet, 'viewer@barn,lab'));
  await reader.until(() => reader.messages.some(({ event }) => event === 'live'));
  await remake();
  await fleet.world.advance(1_000);
  await reader.untilEnded();
});

test('join tokens of a deleted site are not those of the next one', async () => {
  const made = await fleet.ask('POST', '/api/v1/tokens', { site: 'barn', kind: 'pi' });
  const { keyId } = made.json() as { readonly keyId: string };
  expect((await fleet.ask('DELETE', `/api/v1/tokens/${keyId}`)).status).toBe(200);
  await remake();
  expect((await fleet.askAs('site-admin@barn', 'GET', '/api/v1/tokens')).json()).toEqual({ tokens: [] });
});

test('a name that nodes on record have is spent, also for a join token', async () => {
  expect((await fleet.ask('POST', '/api/v1/sites', { name: 'lab' })).status).toBe(201);
  expect((await fleet.ask('POST', `/api/v1/nodes/${id(1)}/revoke`, { reason: 'gone' })).status).toBe(200);
  expect((await fleet.ask('DELETE', '/api/v1/sites/lab')).status).toBe(200);
  for (const [path, body] of [
    ['sites', { name: 'lab' }],
    ['tokens', { site: 'lab', kind: 'pi' }],
  ] as const) {
    const refused = await fleet.ask('POST', `/api/v1/${path}`, body);
    expect(refused.json()).toMatchObject({
      code: 'already-exists',
      message: expect.stringContaining('former site lab'),
    });
  }
});
