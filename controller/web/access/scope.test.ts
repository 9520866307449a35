/** What callers with rights at one site see and may change of sites, lists and batches, on real use cases. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NodeList, SiteList, TargetList } from '../../../proto/contract/api/lists.js';
import { siteId } from '../../../proto/contract/ids.js';
import { id, makeNode } from '../../usecases/testing/fleet.js';
import { RealFleet } from '../testing/real-fleet.js';

let fleet: RealFleet;
beforeEach(async () => {
  fleet = await RealFleet.start({ nodes: [makeNode(1), makeNode(2, { site: siteId('cellar') })] });
  for (const name of ['lab', 'cellar']) await fleet.ask('POST', '/api/v1/sites', { name });
});
afterEach(async () => {
  await fleet.stop();
  await fleet.store.close();
});

const OWN = id(1);
const OTHER = id(2);
const until = (): number => fleet.world.clock.nowMs() + 3_600_000;

test('T-22 lists hold what is of one’s own sites, whatever the filter says', async () => {
  const names = async (query: string) => {
    const answer = await fleet.askAs('viewer@lab', 'GET', `/api/v1/nodes${query}`);
    return (answer.json() as NodeList).nodes.map((node) => node.id);
  };
  expect(await names('')).toEqual([OWN]);
  expect(await names('?site=cellar')).toEqual([]);
  expect(await names('?limit=1')).toEqual([OWN]);
  const sites = (await fleet.askAs('viewer@lab', 'GET', '/api/v1/sites')).json() as SiteList;
  expect(sites.sites.map(({ name }) => name)).toEqual(['lab']);
  expect((await fleet.askAs('viewer@lab', 'GET', '/api/v1/sites/cellar')).json()).toMatchObject({
    code: 'not-found',
    message: 'site cellar is not known',
  });
  for (const path of ['events', 'commands', 'enrollments']) {
    expect((await fleet.askAs('viewer@lab', 'GET', `/api/v1/${path}?site=cellar`)).text).not.toContain(OTHER);
  }
});

test('T-63 discovery needs a token, and tells targets of one’s own sites', async () => {
  const targets = (await fleet.askAs('viewer@lab', 'GET', '/sd/prometheus?role=node')).json() as TargetList;
  expect(targets.flatMap((group) => group.targets)).toEqual(['pi-1:9100']);
  const every = (await fleet.askAs('viewer@lab', 'GET', '/sd/prometheus')).json() as TargetList;
  expect(every).toEqual([]); // whose token may not scrape the controller
  const whole = (await fleet.askAs('viewer', 'GET', '/sd/prometheus')).json() as TargetList;
  expect(whole.flatMap((group) => group.targets).sort()).toEqual([`127.0.0.1:${fleet.port}`]);
  const nodes = (await fleet.askAs('viewer', 'GET', '/sd/prometheus?role=node')).json() as TargetList;
  expect(nodes.flatMap((group) => group.targets).sort()).toEqual(['pi-1:9100', 'pi-2:9100']);
});

test('the list that is known is known by its scope: another scope gets its own', async () => {
  const tags = await Promise.all(
    ['viewer@lab', 'viewer@cellar', 'viewer'].map(async (grant) => {
      return (await fleet.askAs(grant, 'GET', '/api/v1/nodes')).headers.etag;
    }),
  );
  expect(new Set(tags).size).toBe(3);
});

test.for<[string, string, string, () => unknown, number]>([
  ['a viewer labels nothing', 'viewer', `/api/v1/nodes/${OWN}`, () => ({ labels: { a: '1' } }), 403],
  ['a site-admin labels its own', 'site-admin@lab', `/api/v1/nodes/${OWN}`, () => ({ labels: { a: '1' } }), 200],
  ['a site-admin finds no other', 'site-admin@lab', `/api/v1/nodes/${OTHER}`, () => ({ labels: { a: '1' } }), 404],
  ['a site-admin changes its site', 'site-admin@lab', '/api/v1/sites/lab', () => ({ label: 'x' }), 200],
  ['and finds no other site', 'site-admin@lab', '/api/v1/sites/cellar', () => ({ label: 'x' }), 404],
])('%s', async ([, grant, path, body, status]) => {
  expect((await fleet.askAs(grant, 'PATCH', path, body())).status).toBe(status);
});

test('an operator puts its own nodes and site in maintenance, and nobody else’s', async () => {
  const start = { reason: 'new card', untilMs: until() };
  const put = async (grant: string, path: string) => (await fleet.askAs(grant, 'PUT', `/api/v1/${path}`, start)).status;
  expect(await put('operator@lab', `nodes/${OWN}/maintenance`)).toBe(200);
  expect(await put('operator@lab', 'sites/lab/maintenance')).toBe(200);
  expect(await put('operator@lab', `nodes/${OTHER}/maintenance`)).toBe(404);
  expect(await put('operator@lab', 'sites/cellar/maintenance')).toBe(404);
  expect(await put('viewer@lab', `nodes/${OWN}/maintenance`)).toBe(403);
});

test('a batch wants for each operation what its own route wants, and tries nothing when one is not allowed', async () => {
  const operations = [
    { op: 'start-maintenance', scope: { node: OWN }, start: { reason: 'x', untilMs: until() } },
    { op: 'change-node', node: OWN, change: { labels: { a: '1' } } },
    { op: 'revoke-node', node: OTHER, reason: 'x' },
    { op: 'create-site', create: { name: 'barn' } },
  ];
  const refused = await fleet.askAs('operator@lab', 'POST', '/api/v1/batch', { operations });
  expect([refused.status, refused.json()]).toMatchObject([
    403,
    {
      details: {
        errors: [
          { index: 1, code: 'permission-denied' },
          // Revoking is none of an operator's rights anywhere: whether there is such a node is not even asked.
          { index: 2, code: 'permission-denied' },
          { index: 3, code: 'permission-denied' },
        ],
      },
    },
  ]);
  expect(await fleet.timeline()).toEqual(['SiteCreated', 'SiteCreated']);
  const allowed = { operations: operations.slice(0, 1) };
  expect((await fleet.askAs('operator@lab', 'POST', '/api/v1/batch', allowed)).status).toBe(200);
  expect((await fleet.askAs('viewer', 'POST', '/api/v1/batch', allowed)).status).toBe(403);
});

test('what was done is in the audit log, by whom and to what; a dry run is not', async () => {
  const operations = [
    { op: 'change-node', node: OWN, change: { labels: { a: '1' } } },
    { op: 'start-maintenance', scope: { site: 'lab' }, start: { reason: 'x', untilMs: until() } },
  ];
  await fleet.ask('POST', '/api/v1/batch', { dryRun: true, operations });
  await fleet.ask('POST', '/api/v1/batch', { operations });
  await fleet.ask('DELETE', '/api/v1/sites/lab/maintenance');
  const { text } = await fleet.ask('GET', '/api/v1/audit?limit=50');
  const { records } = JSON.parse(text) as { records: readonly { readonly action: string; readonly target: string }[] };
  const done = records
    .map(({ action, target }) => `${action} ${target}`)
    .filter((line) => !line.startsWith('api-token'));
  expect(done.filter((line) => line.includes('.')).slice(0, 5)).toEqual(
    expect.arrayContaining(['maintenance.end lab', 'maintenance.start lab', `node.change ${OWN}`]),
  );
  expect(done.filter((line) => line.startsWith('node.change'))).toHaveLength(1);
});

test('T-22 a name that is taken elsewhere is taken, and whose it is stays untold', async () => {
  const rename = { name: 'pi-2' };
  const alone = await fleet.askAs('site-admin@lab', 'PATCH', `/api/v1/nodes/${OWN}`, rename);
  const operations = [{ op: 'change-node', node: OWN, change: rename }];
  const batched = await fleet.askAs('site-admin@lab', 'POST', '/api/v1/batch', { operations });
  for (const answer of [alone, batched]) {
    expect([answer.status, answer.json()]).toMatchObject([409, { code: 'already-exists' }]);
    expect(answer.text).not.toContain(OTHER);
    expect(answer.text).not.toContain('cellar');
  }
});

test.for<[string, object]>([
  ['change-node', { node: OTHER, change: { labels: { a: '1' } } }],
  ['revoke-node', { node: OTHER, reason: 'x' }],
  ['thaw-node', { node: OTHER, reason: 'x' }],
  ['issue-command', { node: OTHER, create: { action: { kind: 'restart-unit', unit: 'x.service' }, reason: 'x' } }],
  ['end-maintenance', { scope: { node: OTHER } }],
  ['end-maintenance', { scope: { site: 'cellar' } }],
  ['change-site', { site: 'cellar', change: { label: 'x' } }],
  ['delete-site', { site: 'cellar' }],
])('T-22 in a batch, even as a dry run, %s elsewhere is answered as if there were nothing', async ([op, operation]) => {
  const text = JSON.stringify(operation);
  const never = JSON.parse(text.replaceAll(OTHER, id(99)).replaceAll('cellar', 'nowhere')) as object;
  const answers = [];
  for (const wanted of [operation, never]) {
    const body = { dryRun: true, operations: [{ op, ...wanted }] };
    const answer = await fleet.askAs('site-admin@lab', 'POST', '/api/v1/batch', body);
    const { code, message } = answer.json() as { readonly code: string; readonly message: string };
    answers.push([answer.status, code, message.replace(id(99), OTHER).replace('nowhere', 'cellar')]);
  }
  expect(answers[0]).toEqual(answers[1]);
  expect(answers[0]?.slice(0, 2)).toEqual([404, 'not-found']);
});

describe('T-53: what is asked with SQL in it', () => {
  const texts = [
    "lab' OR '1'='1",
    "lab'; DROP TABLE node; --",
    'lab" OR 1=1 --',
    'pi-%',
    'pi_1',
    "lab') UNION SELECT 1 --",
  ];
  test.for(
    texts.flatMap((text) =>
      [
        'nodes?site=',
        'nodes?name=',
        'nodes?selector=',
        'nodes?search=',
        'nodes?sort=',
        'events?node=',
        'events?reason=',
        'commands?site=',
      ].map((where): [string, string] => [where, text]),
    ),
  )('%s%s finds nothing that is not there, and breaks nothing', async ([where, text]) => {
    const answer = await fleet.askAs('viewer@lab', 'GET', `/api/v1/${where}${encodeURIComponent(text)}`);
    expect([200, 400, 404]).toContain(answer.status);
    expect(answer.text).not.toContain(OTHER);
    expect(answer.text).not.toMatch(/sqlite|syntax error/i);
    if (answer.status === 200) expect(Object.values(answer.json() as object)[0]).toEqual([]);
    expect(fleet.controller.api.nodes()).toHaveLength(2);
    expect(await fleet.store.reader.node(OWN)).toBeDefined();
  });
});
