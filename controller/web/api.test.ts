/** The HTTP API on real use cases and a real store. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NodeDetail, SiteView } from '../../proto/contract/api/fleet.js';
import type { NodeList, TargetList } from '../../proto/contract/api/lists.js';
import type { ErrorEnvelope } from '../../proto/contract/api/requests.js';
import { siteId } from '../../proto/contract/ids.js';
import { FakeAgent, id, makeNode } from '../usecases/testing/fleet.js';
import { ask, type HttpAnswer } from './testing/http.js';
import { RealFleet } from './testing/real-fleet.js';
import { SseReader } from './testing/sse.js';

const HOUR_MS = 3_600_000;
const cellar = siteId('cellar');

let fleet: RealFleet;
beforeEach(async () => {
  const nodes = [1, 2, 3, 4, 5].map((n) => makeNode(n, n > 3 ? { site: cellar, name: `shelf-${n}` } : {}));
  fleet = await RealFleet.start({ nodes });
});
afterEach(async () => {
  await fleet.stop();
  await fleet.store.close();
});

/** The body, by the type that the contract gives it. */
const body = <T>(answer: HttpAnswer): T => answer.json() as T;

async function names(query: string): Promise<readonly string[]> {
  return body<NodeList>(await fleet.ask('GET', `/api/v1/nodes?${query}`)).nodes.map(({ name }) => name);
}

const label = (n: number, labels: Record<string, string | null>) =>
  fleet.ask('PATCH', `/api/v1/nodes/${id(n)}`, { labels });

describe('lists', () => {
  test('pages of nodes together are the fleet, in the order of ids', async () => {
    const found: string[] = [];
    let cursor = '';
    for (let page = 0; page < 3; page++) {
      const more = cursor === '' ? '' : `&cursor=${cursor}`;
      const { nodes, nextCursor } = body<NodeList>(await fleet.ask('GET', `/api/v1/nodes?limit=2${more}`));
      found.push(...nodes.map((node) => node.id));
      cursor = nextCursor ?? '';
    }
    expect(found).toEqual([1, 2, 3, 4, 5].map(id));
    expect(cursor).toBe('');
  });

  test('nodes are found by site, kind, state, beginning of the name and labels', async () => {
    await label(1, { rack: '3', env: 'a' });
    await label(2, { rack: '3', env: 'b', broken: '' });
    await label(4, { rack: '4' });
    expect(await names('site=cellar')).toEqual(['shelf-4', 'shelf-5']);
    expect(await names('name=shelf-5')).toEqual(['shelf-5']);
    expect(await names('kind=switch')).toEqual([]);
    expect(await names('state=unknown&limit=1')).toEqual(['pi-1']);
    expect(await names(`selector=${encodeURIComponent('rack=3,!broken')}`)).toEqual(['pi-1']);
    expect(await names(`selector=${encodeURIComponent('env in (a,b),rack')}`)).toEqual(['pi-1', 'pi-2']);
  });

  test('a cursor is for its own question: changed, cut or taken elsewhere it is refused by name', async () => {
    const { nextCursor = '' } = body<NodeList>(await fleet.ask('GET', '/api/v1/nodes?limit=2'));
    for (const query of [
      `cursor=${nextCursor.slice(0, -1)}`,
      `cursor=${nextCursor}&site=cellar`,
      `cursor=x${nextCursor}`,
      'cursor=',
    ]) {
      const answer = await fleet.ask('GET', `/api/v1/nodes?${query}`);
      const fields = [{ field: 'cursor' }];
      expect([answer.status, answer.json()], query).toMatchObject([400, { details: { fields } }]);
    }
    expect((await fleet.ask('GET', `/api/v1/events?cursor=${nextCursor}`)).status).toBe(400);
  });

  test('events and commands are found by the nodes that they are of', async () => {
    for (const n of [1, 4]) {
      await fleet.ask('POST', `/api/v1/nodes/${id(n)}/commands`, {
        action: { kind: 'restart-unit', unit: 'ssh.service' },
        reason: 'x',
      });
    }
    const commands = await fleet.ask('GET', '/api/v1/commands?site=cellar');
    expect(commands.json()).toMatchObject({ commands: [{ nodeId: id(4) }] });
    const events = await fleet.ask('GET', '/api/v1/events?site=cellar&reason=CommandIssued');
    expect(events.json()).toMatchObject({ events: [{ nodeId: id(4) }] });
    expect((await fleet.ask('GET', '/api/v1/events?severity=error')).json()).toEqual({ events: [] });
    expect((await fleet.ask('GET', '/api/v1/commands?state=succeeded')).json()).toEqual({ commands: [] });
  });

  test('the list of nodes is not sent again while nothing changed, and is after a change', async () => {
    const first = await fleet.ask('GET', '/api/v1/nodes');
    const known = { 'if-none-match': String(first.headers.etag) };
    const again = await fleet.ask('GET', '/api/v1/nodes', undefined, known);
    expect([again.status, again.text]).toEqual([304, '']);
    await label(1, { rack: '3' });
    expect((await fleet.ask('GET', '/api/v1/nodes', undefined, known)).status).toBe(200);
  });
});

describe('a node', () => {
  test('is named, labelled and corrected; what is not named stays', async () => {
    await label(1, { rack: '3', env: 'a' });
    const change = { name: 'attic-1', labels: { env: null }, capabilities: { poe: 'yes' } };
    expect((await fleet.ask('PATCH', `/api/v1/nodes/${id(1)}`, change)).json()).toMatchObject({ name: 'attic-1' });
    const node = body<NodeDetail>(await fleet.ask('GET', `/api/v1/nodes/${id(1)}`));
    expect(node).toMatchObject({
      labels: { rack: '3' },
      capabilities: { poe: 'yes', netboot: 'unknown' },
      revision: 3,
    });
    expect(node.capabilityOverrides).toEqual({ poe: 'yes' });
    expect(await fleet.timeline()).toEqual(['NodeChanged', 'NodeChanged']);
    await fleet.ask('PATCH', `/api/v1/nodes/${id(1)}`, { capabilities: { poe: null } });
    expect((await fleet.ask('GET', `/api/v1/nodes/${id(1)}`)).json()).toMatchObject({ capabilityOverrides: {} });
  });

  test.for<[string, unknown, number, string]>([
    ['a key that is none', { labels: { 'a b': 'x' } }, 400, 'labels.a b'],
    ['a value that is none', { labels: { rack: 'a b' } }, 400, 'labels.rack'],
    ['a prototype key', '{"labels":{"__proto__":"x"}}', 400, ''],
    ['a name that is none', { name: 'Attic One' }, 400, 'name'],
    ['a capability of another world', { capabilities: { wings: 'yes' } }, 400, 'capabilities'],
    ['a name that is taken', { name: 'pi-2' }, 409, ''],
  ])('%s is refused, and nothing is changed', async ([, change, status, field]) => {
    const answer = await fleet.ask('PATCH', `/api/v1/nodes/${id(1)}`, change);
    expect(answer.status).toBe(status);
    const { details } = body<ErrorEnvelope>(answer);
    if (field !== '') expect(details).toMatchObject({ fields: [{ field }] });
    expect(body<NodeDetail>(await fleet.ask('GET', `/api/v1/nodes/${id(1)}`))).toMatchObject({
      name: 'pi-1',
      labels: {},
      revision: 1,
    });
  });

  test('two people who change it at once do not undo each other’s work unseen; a report in between is no change', async () => {
    const tag = String((await fleet.ask('GET', `/api/v1/nodes/${id(1)}`)).headers.etag);
    const agent = await new FakeAgent(1).connect(fleet.controller.core);
    agent.report();
    await fleet.world.settle();
    const first = await fleet.ask('PATCH', `/api/v1/nodes/${id(1)}`, { labels: { a: '1' } }, { 'if-match': tag });
    expect(first.status).toBe(200);
    const second = await fleet.ask('PATCH', `/api/v1/nodes/${id(1)}`, { labels: { a: '2' } }, { 'if-match': tag });
    expect([second.status, second.json()]).toMatchObject([
      412,
      { code: 'failed-precondition', details: { revision: 2 } },
    ]);
    const next = { 'if-match': String(first.headers.etag) };
    expect((await fleet.ask('PATCH', `/api/v1/nodes/${id(1)}`, { labels: { a: '2' } }, next)).status).toBe(200);
    const odd = await fleet.ask('PATCH', `/api/v1/nodes/${id(1)}`, {}, { 'if-match': 'W/"x"' });
    expect([odd.status, odd.json()]).toMatchObject([400, { details: { fields: [{ field: 'If-Match' }] } }]);
  });

  test('is not sent again while it is the same', async () => {
    const { etag } = (await fleet.ask('GET', `/api/v1/nodes/${id(1)}`)).headers;
    const known = { 'if-none-match': `"other", W/${String(etag)}` };
    expect((await fleet.ask('GET', `/api/v1/nodes/${id(1)}`, undefined, known)).status).toBe(304);
    await label(1, { rack: '3' });
    expect((await fleet.ask('GET', `/api/v1/nodes/${id(1)}`, undefined, known)).status).toBe(200);
  });
});

describe('sites', () => {
  const create = { name: 'barn', label: 'The barn', uplink: { downBitsPerS: 50_000_000, upBitsPerS: 5_000_000 } };

  test('are made, described, changed and deleted', async () => {
    const made = await fleet.ask('POST', '/api/v1/sites', create);
    expect([made.status, made.json()]).toMatchObject([201, { ...create, location: '', revision: 1 }]);
    expect((await fleet.ask('POST', '/api/v1/sites', create)).status).toBe(409);
    const change = { location: 'behind the house', uplink: null };
    const changed = await fleet.ask('PATCH', '/api/v1/sites/barn', change, { 'if-match': String(made.headers.etag) });
    expect(changed.json()).toMatchObject({ label: 'The barn', location: 'behind the house', revision: 2 });
    expect(changed.json()).not.toHaveProperty('uplink');
    const stale = { 'if-match': String(made.headers.etag) };
    expect((await fleet.ask('DELETE', '/api/v1/sites/barn', undefined, stale)).status).toBe(412);
    expect((await fleet.ask('DELETE', '/api/v1/sites/barn')).status).toBe(200);
    expect((await fleet.ask('GET', '/api/v1/sites/barn')).status).toBe(404);
    expect(await fleet.timeline()).toEqual(['SiteCreated', 'SiteChanged', 'SiteDeleted']);
  });

  test('a site with anything in it stays, and says what', async () => {
    await fleet.ask('POST', '/api/v1/tokens', { site: 'barn', kind: 'pi' });
    const { name, nodesByState } = body<SiteView>(await fleet.ask('GET', '/api/v1/sites/barn'));
    expect([name, nodesByState.ready]).toEqual(['barn', 0]);
    const refused = await fleet.ask('DELETE', '/api/v1/sites/barn');
    expect([refused.status, refused.json()]).toMatchObject([
      409,
      { message: expect.stringContaining('usable join token') },
    ]);
  });

  test.for<[string, unknown]>([
    ['a rate below zero', { ...create, uplink: { downBitsPerS: -1, upBitsPerS: 1_000 } }],
    ['half an uplink', { ...create, uplink: { downBitsPerS: 1_000 } }],
    ['a rate that is no number', '{"name":"barn","uplink":{"downBitsPerS":1e999,"upBitsPerS":1000}}'],
    ['a text that moves the cursor', { ...create, label: 'a\u001b[2J' }],
    ['a name that is none', { name: '../etc' }],
  ])('%s is refused', async ([, asked]) => {
    expect((await fleet.ask('POST', '/api/v1/sites', asked)).status).toBe(400);
    expect(await fleet.timeline()).toEqual([]);
  });
});

describe('maintenance', () => {
  const state = async (n: number) => {
    const { state: word, maintenance } = body<NodeDetail>(await fleet.ask('GET', `/api/v1/nodes/${id(n)}`));
    return `${word} ${maintenance?.scope ?? '-'}`;
  };
  const start = (path: string, lastsMs: number) =>
    fleet.ask('PUT', `/api/v1/${path}/maintenance`, {
      reason: 'new card',
      untilMs: fleet.world.clock.nowMs() + lastsMs,
    });

  test('of a node is seen at once, and over by itself when its time is', async () => {
    const started = await start(`nodes/${id(1)}`, HOUR_MS);
    expect(started.json()).toMatchObject({ maintenance: { owner: 'admin:kim', reason: 'new card', scope: 'node' } });
    expect(await state(1)).toBe('maintenance node');
    fleet.world.stepWallClock(HOUR_MS - 5_000);
    await fleet.world.advance(3_000);
    expect(await state(1)).toBe('maintenance node');
    await fleet.world.advance(3_000);
    expect(await state(1)).toBe('unknown -');
    await fleet.world.settle();
    expect(await fleet.timeline()).toContain('MaintenanceEnded');
    expect(await fleet.store.reader.maintenances()).toEqual([]);
  });

  test('of a site is that of its nodes; a node’s own comes first, and ends alone', async () => {
    await fleet.ask('POST', '/api/v1/sites', { name: 'cellar' });
    await start('sites/cellar', HOUR_MS);
    await start(`nodes/${id(4)}`, HOUR_MS);
    expect([await state(1), await state(4), await state(5)]).toEqual([
      'unknown -',
      'maintenance node',
      'maintenance site',
    ]);
    await fleet.ask('DELETE', `/api/v1/nodes/${id(4)}/maintenance`);
    expect(await state(4)).toBe('maintenance site');
    await fleet.ask('DELETE', '/api/v1/sites/cellar/maintenance');
    expect([await state(4), await state(5)]).toEqual(['unknown -', 'unknown -']);
    expect((await fleet.ask('DELETE', '/api/v1/sites/cellar/maintenance')).status).toBe(200);
  });

  test('outlives a restart, and has a sensible end', async () => {
    for (const lastsMs of [0, 1_000, 91 * 86_400_000]) {
      expect((await start(`nodes/${id(1)}`, lastsMs)).status).toBe(400);
    }
    await start(`nodes/${id(1)}`, HOUR_MS);
    await fleet.stop();
    fleet = await RealFleet.start({ store: fleet.store, nodes: [] });
    expect(await state(1)).toBe('maintenance node');
  });
});

describe('service discovery of Prometheus', () => {
  const discover = async (query = '') => {
    const answer = await ask({
      host: '127.0.0.1',
      port: fleet.port,
      path: `/sd/prometheus${query}`,
      headers: fleet.headers,
    });
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    return body<TargetList>(answer);
  };

  test('tells what serves figures, which is this controller alone', async () => {
    const labels = { __meta_bramble_role: 'controller', __metrics_path__: '/metrics' };
    expect(await discover()).toEqual([{ targets: [`127.0.0.1:${fleet.port}`], labels }]);
    expect(await discover('?role=controller')).toEqual(await discover());
  });

  test('tells every node in service to who asks for nodes, with what people say of it', async () => {
    await label(1, { rack: '3', 'example.org/role': 'cache' });
    await fleet.ask('POST', `/api/v1/nodes/${id(2)}/revoke`, { reason: 'gone' });
    const [first, ...others] = await discover('?role=node');
    expect(first).toMatchObject({
      targets: ['pi-1:9100'],
      labels: {
        __meta_bramble_site: 'lab',
        __meta_bramble_kind: 'pi',
        __meta_bramble_label_rack: '3',
        __meta_bramble_label_example_org_role: 'cache',
        __meta_bramble_labelpresent_rack: 'true',
      },
    });
    expect(others).toHaveLength(3);
    const names = [first, ...others].flatMap((group) => Object.keys(group?.labels ?? {}));
    for (const name of names) expect(name).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/);
  });

  test('is narrowed by filters, and empty is an empty list', async () => {
    const targets = async (query: string) => (await discover(query)).flatMap((group) => group.targets);
    expect(await targets('?role=node&site=cellar&port=9999')).toEqual(['shelf-4:9999', 'shelf-5:9999']);
    expect(await targets('?role=node&kind=switch')).toEqual([]);
  });
});

describe('the stream of events', () => {
  const isLive = (reader: SseReader) => () => reader.messages.some(({ event }) => event === 'live');
  const open = async (after?: number): Promise<SseReader> => {
    const reader = new SseReader();
    const header = after === undefined ? fleet.headers : { ...fleet.headers, 'last-event-id': String(after) };
    await reader.open(fleet.port, '/api/v1/events/stream?only=events', header);
    await reader.until(isLive(reader));
    return reader;
  };
  const note = (n: number) =>
    fleet.store.transact((writer) =>
      writer.addFleetEvent({ atMs: n, nodeId: id(1), severity: 'info', reason: 'Test', message: String(n) }),
    );

  test('loses and doubles nothing while the controller restarts again and again', async () => {
    const seen: number[] = [];
    for (let restart = 0; restart < 3; restart++) {
      const reader = await open(seen.at(-1) ?? 0);
      for (let n = 0; n < 20; n++) await note(restart * 100 + n);
      // Reads of the store are what tells events that others wrote, once a second.
      await fleet.world.advance(1_000);
      await reader.until(() => reader.eventIds().length >= 10);
      // Cut in the midst of it: whatever was on its way is asked for again.
      seen.push(...reader.messages.flatMap(({ event, id: at }) => (event === 'event' && at !== undefined ? [at] : [])));
      reader.close();
      await fleet.stop();
      await note(restart * 100 + 50); // while nobody serves
      fleet = await RealFleet.start({ store: fleet.store, nodes: [], seed: 10 + restart });
    }
    const last = await open(seen.at(-1));
    await fleet.world.advance(1_000);
    const stored = await fleet.store.reader.eventsAfter(0, { limit: 1_000 });
    const rest = () => last.eventIds().filter((one): one is number => one !== undefined);
    await last.until(() => rest().at(-1) === stored.at(-1)?.id);
    expect([...seen, ...rest()]).toEqual(stored.map((event) => event.id));
    expect(stored).toHaveLength(63);
    last.close();
  });

  test('says so when what a reader missed is no longer kept', async () => {
    for (let n = 0; n < 10; n++) await note(n);
    const all = { agentEventsBeforeMs: 0, commandsBeforeMs: 0, historyBeforeMs: 0 };
    await fleet.store.transact((writer) => writer.prune({ ...all, eventsBeforeMs: 5 }, 100));
    const reader = await open(2);
    expect(reader.messages[0]).toMatchObject({ event: 'reset', data: { reason: 'pruned', afterId: 5 } });
    expect(reader.eventIds()).toEqual([6, 7, 8, 9, 10]);
    reader.close();
  });
});
