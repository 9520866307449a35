import { expect, test } from 'vitest';
import type { SiteView } from '../../proto/contract/api/fleet.js';
import type { OverlayClientView, OverlayView } from '../../proto/contract/api/overlay.js';
import { pathsView } from './paths-view.js';

const NODES = { ready: 1, troubled: 0, 'no-contact': 0, unknown: 0, maintenance: 0, frozen: 0, revoked: 0 };
const USE = { downBitsPerS: 1_200, upBitsPerS: 6_050, imagesBitsPerS: 0, uploadsBitsPerS: 0, monthBytes: 41_000_000 };

function site(name: string, over: Partial<SiteView> = {}): SiteView {
  const uplinkUse = { ...USE, reportIntervalMs: 30_000 };
  return { name, label: '', location: '', uplinkUse, createdAtMs: 0, revision: 1, nodesByState: NODES, ...over };
}

function client(over: Partial<OverlayClientView>): OverlayClientView {
  return {
    ...{ nodeId: 'n-1', name: 'fs-cam', site: 'cam', mode: 'gateway', prefix: '', address: '', tunnel: 'up' },
    ...{ agent: 'fresh', receivedBytes: 0, sentBytes: 0, profile: 'current', certificateExpiresAtMs: 0 },
    ...over,
  };
}

function overlay(clients: readonly OverlayClientView[], over: Partial<OverlayView['gateway']> = {}): OverlayView {
  const gateway = { address: 'fd42:b:1::1', answering: true, trouble: '', seenAtMs: 0, tunnelsCount: 2, ...over };
  return { prefix: 'fd42:b:1::/48', opsPrefix: '', gateway, sites: [], clients: [...clients], nodes: [] };
}

test.for<[OverlayClientView['tunnel'], OverlayClientView['agent'], string, RegExp]>([
  ['up', 'fresh', 'good', /^$/],
  ['up', 'silent', 'bad', /look at the agent/],
  ['down', 'fresh', 'bad', /around the tunnel; nodes behind it/],
  ['down', 'silent', 'bad', /^Neither/],
  ['unknown', 'fresh', 'plain', /gateway does not say/],
])('a tunnel that is %s with an agent that is %s is %s', ([tunnel, agent, tone, meaning]) => {
  const [row] = pathsView([site('cam')], overlay([client({ tunnel, agent })])).rows;
  expect(row).toMatchObject({ tunnel, agent, tone });
  expect(row?.meaning).toMatch(meaning);
});

test('a donated Pi stands under its site, which has one uplink', () => {
  const solo = client({ nodeId: 'n-2', name: 'pi-attic', mode: 'standalone', tunnel: 'down' });
  const view = pathsView([site('cam'), site('barn')], overlay([client({}), solo]));
  expect(view.rows.map((row) => [row.site, row.client, row.tunnel, row.up])).toEqual([
    ['cam', 'fs-cam, for the site', 'up', '6.05 kbit/s'],
    ['', 'pi-attic', 'down', ''],
    ['barn', '', 'none', '6.05 kbit/s'],
  ]);
});

test('what an uplink carries is said beside what it bears', () => {
  const uplink = { downBitsPerS: 2_000_000, upBitsPerS: 256_000, monthlyBytes: 1_000_000_000 };
  const [row] = pathsView([site('cam', { uplink })], undefined).rows;
  expect(row).toMatchObject({ down: '1.2 kbit/s of 2 Mbit/s', up: '6.05 kbit/s of 256 kbit/s', reports: 'every 30 s' });
  expect(row?.month).toMatch(/ of /);
});

test('a gateway that does not answer is said so, and without tunnels and uplinks there is nothing to say', () => {
  expect(pathsView([], overlay([], { answering: false, trouble: 'no socket' }))).toMatchObject({
    ...{ isEmpty: false, tone: 'bad' },
    gateway: 'The gateway of fd42:b:1::/48 does not answer: no socket',
  });
  expect(pathsView([site('cam')], undefined).isEmpty).toBe(true);
});
