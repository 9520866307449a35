import { expect, test } from 'vitest';
import type { ConditionView, NodeState, NodeView } from '../../proto/contract/api/fleet.js';
import { EMPTY_FLEET, type FleetModel, reduce } from './fleet-model.js';
import { ago, eventRow, type PageView, PLAIN_LOOK, pageView, ROWS_STEP, words } from './view-model.js';

const NOW_MS = 1_795_176_000_000;

function fleet(states: readonly NodeState[], over: Partial<NodeView> = {}): FleetModel {
  const nodes = states.map((state, index): NodeView => {
    const id = `n-${index}`;
    return {
      id,
      name: `pi-${index}`,
      site: 'cam',
      kind: 'pi',
      state,
      why: 'because',
      liveness: 'fresh',
      lastSeenMs: NOW_MS - 5_000,
      model: 'Pi 3',
      serial: '',
      macAddresses: [],
      agentVersion: '',
      desiredRevision: 0,
      desiredRevisionReached: 0,
      labels: {},
      capabilities: { netboot: 'rom', ethernet: 'yes', poe: 'unknown', watchdog: 'yes', rtc: 'no' },
      revision: 1,
      conditions: [],
      ...over,
    };
  });
  return fleetOf(nodes);
}

function fleetOf(nodes: readonly NodeView[]): FleetModel {
  const told = reduce(reduce(EMPTY_FLEET, { kind: 'opened' }), { kind: 'nodes', nodes });
  return reduce(told, { kind: 'live', controllerMs: 0, nowMs: 0 });
}

const rowsOf = (page: PageView) => page.sites.flatMap(({ nodes }) => nodes);

function condition(over: Partial<ConditionView>): ConditionView {
  return {
    type: 'DiskSpaceLow',
    instance: '/',
    status: 'true',
    severity: 'warning',
    message: '/ is nearly full',
    remedy: 'free space',
    sinceMs: NOW_MS - 60_000,
    ...over,
  };
}

test.for<[readonly NodeState[], string, string]>([
  [[], 'No node has joined yet', 'plain'],
  [['ready'], 'The one node is ready', 'good'],
  [['ready', 'ready', 'revoked'], 'All 2 nodes are ready', 'good'],
  [['ready', 'troubled', 'no-contact', 'frozen'], '3 of 4 nodes need attention', 'attention'],
  [['ready', 'no-contact'], '1 of 2 nodes needs attention', 'attention'],
  [['ready', 'unknown'], 'Waiting for word from 1 of 2 nodes', 'good'],
  [['unknown'], 'Waiting for word from 1 of 1 nodes', 'plain'],
  [['revoked'], 'No node is in service', 'plain'],
])('nodes %j are summed up as “%s”', ([states, headline, tone]) => {
  expect(pageView(fleet(states), NOW_MS)).toMatchObject({ headline, tone });
});

test('before the controller has spoken nothing is claimed, least of all an empty fleet', () => {
  const page = pageView(EMPTY_FLEET, NOW_MS);
  expect(page).toMatchObject({ headline: 'Loading the fleet', isEmpty: false, link: { tone: 'wait' } });
  expect(pageView(fleet([]), NOW_MS).isEmpty).toBe(true);
});

test('trouble comes first, then names in the order in which people count', () => {
  const model = fleet(['ready', 'revoked', 'no-contact', 'troubled', 'unknown', 'frozen']);
  const order = rowsOf(pageView(model, NOW_MS)).map((row) => row.state);
  expect(order).toEqual(['frozen', 'troubled', 'no-contact', 'unknown', 'ready', 'revoked']);
  const twelve = pageView(fleet(Array.from({ length: 12 }, () => 'ready' as const)), NOW_MS);
  expect(
    rowsOf(twelve)
      .map((row) => row.name)
      .slice(0, 4),
  ).toEqual(['pi-0', 'pi-1', 'pi-2', 'pi-3']);
});

test('what is wrong is said once: by its troubles, worst first, with age and remedy', () => {
  const conditions = [
    condition({}),
    condition({ severity: 'error', message: '/mnt is read-only', sinceMs: NOW_MS - 5_400_000 }),
    condition({ status: 'false', message: 'all is well' }),
  ];
  const [row] = rowsOf(pageView(fleet(['troubled'], { conditions }), NOW_MS));
  expect(row?.why).toBeUndefined();
  expect(row?.troubles).toEqual([
    { severity: 'error', message: '/mnt is read-only', since: 'for 1 h 30 min', remedy: 'free space' },
    { severity: 'warning', message: '/ is nearly full', since: 'for 1 min', remedy: 'free space' },
  ]);
});

test('what a silent node had before stays visible, marked as unknown, below the silence itself', () => {
  const conditions = [
    condition({ status: 'unknown', message: 'not known now; last: / is nearly full' }),
    condition({ type: 'NoContact', severity: 'error', message: 'because' }),
  ];
  const [row] = rowsOf(pageView(fleet(['no-contact'], { conditions }), NOW_MS));
  expect(row).toMatchObject({ why: undefined, troubles: [{ severity: 'error' }, { severity: 'unknown' }] });
});

test('why a node is not heard stays visible where no trouble says it', () => {
  const [row] = rowsOf(pageView(fleet(['no-contact'], { conditions: [condition({})] }), NOW_MS));
  expect(row).toMatchObject({ why: 'because', troubles: [{ severity: 'warning' }] });
});

test('a node that was never seen is not shown as seen at the epoch', () => {
  expect(ago(undefined, NOW_MS)).toBe('never');
  expect(ago(NOW_MS + 10_000, NOW_MS)).toBe('just now');
  expect(ago(NOW_MS - 1_499, NOW_MS)).toBe('just now');
  expect(ago(NOW_MS - 1_500, NOW_MS)).toBe('2 s ago');
});

test('ages are counted by the controller’s clock', () => {
  const model = { ...fleet(['ready']), clockOffsetMs: 60_000 };
  expect(rowsOf(pageView(model, NOW_MS))[0]?.seen).toBe('1 min 5 s ago');
});

test('the title counts what needs attention, so that a tab in the background tells', () => {
  expect(pageView(fleet(['troubled', 'ready']), NOW_MS).title).toBe('(1) Bramble');
  expect(pageView(fleet(['ready']), NOW_MS).title).toBe('Bramble');
});

test('a very large fleet is cut after the nodes in trouble, says so, and shows more when asked', () => {
  const model = fleet([...Array.from({ length: 700 }, () => 'ready' as const), 'troubled']);
  const [site] = pageView(model, NOW_MS).sites;
  expect([site?.nodes.length, site?.hidden, site?.nodes[0]?.state]).toEqual([200, 501, 'troubled']);
  const [more] = pageView(model, NOW_MS, { ...PLAIN_LOOK, moreRows: new Map([['cam', ROWS_STEP]]) }).sites;
  expect([more?.nodes.length, more?.hidden]).toEqual([400, 301]);
});

const inSites = (...sites: readonly (readonly [site: string, state: NodeState])[]): FleetModel =>
  fleetOf(
    sites.flatMap(([site, state], index) => {
      const [node] = [...fleet([state], { site, name: `pi-${index}` }).nodes.values()];
      return node === undefined ? [] : [{ ...node, id: `n-${index}` }];
    }),
  );

test('sites with trouble come first, each with its nodes counted by state', () => {
  const page = pageView(inSites(['a', 'ready'], ['b', 'troubled'], ['b', 'ready'], ['c', 'no-contact']), NOW_MS);
  expect(page.sites.map(({ site }) => site)).toEqual(['b', 'c', 'a']);
  expect(page.sites[0]?.counts).toEqual([
    { state: 'troubled', count: 1 },
    { state: 'ready', count: 1 },
  ]);
});

test('a closed site shows its counts and no rows', () => {
  const model = inSites(['a', 'ready'], ['a', 'ready']);
  const [site] = pageView(model, NOW_MS, { ...PLAIN_LOOK, closedSites: new Set(['a']) }).sites;
  expect(site).toMatchObject({ isOpen: false, count: 2, nodes: [], hidden: 0 });
});

test('a filter leaves the headline alone, and says how much it lets through', () => {
  const model = inSites(['a', 'ready'], ['b', 'troubled'], ['b', 'ready']);
  const page = pageView(model, NOW_MS, { ...PLAIN_LOOK, filter: { text: 'PI-1  b', states: [] } });
  expect(rowsOf(page).map(({ name }) => name)).toEqual(['pi-1']);
  expect([page.headline, page.matching]).toEqual(['1 of 3 nodes needs attention', '1 of 3 nodes']);
  const ready = pageView(model, NOW_MS, { ...PLAIN_LOOK, filter: { text: '', states: ['ready'] } });
  expect(rowsOf(ready).map(({ name }) => name)).toEqual(['pi-0', 'pi-2']);
  expect(pageView(model, NOW_MS).matching).toBe('');
});

test('ten thousand nodes are summed up within a frame or two', () => {
  const nodes = Array.from({ length: 10_000 }, (_, index): NodeView => {
    const [node] = [...fleet(['ready'], { site: `s-${index % 40}`, name: `pi-${index}` }).nodes.values()];
    if (node === undefined) throw new Error('no node');
    return { ...node, id: `n-${index}` };
  });
  const model = fleetOf(nodes);
  const page = pageView(model, NOW_MS);
  expect(rowsOf(page).length).toBeLessThanOrEqual(200);
  expect(page.sites.reduce((sum, { count }) => sum + count, 0)).toBe(10_000);
});

test('a lost connection says since when, in words', () => {
  const page = pageView({ ...fleet(['ready']), link: { kind: 'reconnecting', sinceMs: NOW_MS } }, NOW_MS);
  expect(page.link.text).toMatch(/^Reconnecting since \d\d:00:00: what you see may be old$/);
});

test('an event of another day shows the day', () => {
  const event = { id: 1, atMs: NOW_MS, severity: 'info', reason: 'NodeEnrolled', message: '' } as const;
  expect(eventRow(event, NOW_MS + 1_000).time).toMatch(/^\d\d:00:00$/);
  expect(eventRow(event, NOW_MS + 3 * 86_400_000).time).toMatch(/^20 Nov \d\d:00:00$/);
});

test.for([
  ['ConditionRaised', 'Condition raised'],
  ['NodeBack', 'Node back'],
  ['Test', 'Test'],
  ['', ''],
] as const)('the reason %s is read as “%s”', ([reason, shown]) => {
  expect(words(reason)).toBe(shown);
});
