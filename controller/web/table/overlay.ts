import { KeyChange, KeyChangeView, OverlayChanges, OverlayView } from '../../../proto/contract/api/overlay.js';
import { declareRoute } from '../declare.js';
import { AT_MS } from './examples.js';

const EXAMPLE: OverlayView = {
  prefix: 'fd42:b:1::/48',
  opsPrefix: 'fd42:b:1:ff::/64',
  gateway: { address: 'fd42:b:1::1', answering: true, trouble: '', seenAtMs: AT_MS, tunnelsCount: 1 },
  sites: [
    {
      ...{ site: 'cam', prefix: 'fd42:b:1:100::/56', gatewayName: 'fs-cam', tunnel: 'up' },
      ...{ receivedBytes: 48_000_000, sentBytes: 2_000_000, monthlyBytes: 1_000_000_000 },
    },
  ],
  clients: [
    {
      ...{ nodeId: 'n-0123456789abc', name: 'fs-cam', site: 'cam', mode: 'gateway', prefix: 'fd42:b:1:100::/56' },
      ...{ address: 'fd42:b:1:100::2', tunnel: 'up', agent: 'fresh', from: '198.51.100.2:41194' },
      ...{ connectedAtMs: AT_MS - 3_600_000, receivedBytes: 4_000_000, sentBytes: 150_000 },
      ...{ profile: 'current', certificateExpiresAtMs: AT_MS + 2_000_000_000 },
    },
  ],
  nodes: [
    {
      ...{ nodeId: 'n-0123456789abd', name: 'pi-07', site: 'cam' },
      ...{ prefix: 'fd42:b:1:101::/64', address: 'fd42:b:1:101::2' },
    },
  ],
};

export const OVERLAY_ROUTES = {
  getOverlay: declareRoute({
    method: 'GET',
    path: '/api/v1/overlay',
    summary: 'Prefixes, tunnels as the gateway sees them, and what they carry',
    tag: 'overlay',
    doors: 'both',
    answer: { status: 200, description: 'the overlay', schema: OverlayView, example: EXAMPLE },
    errors: ['failed-precondition'],
  }),
  diffOverlay: declareRoute({
    method: 'GET',
    path: '/api/v1/overlay/diff',
    summary: 'How the gateway’s files differ from what they should be',
    tag: 'overlay',
    doors: 'both',
    answer: {
      status: 200,
      description: 'by path; empty when nothing differs',
      schema: OverlayChanges,
      example: { changes: [{ path: 'server.conf', kind: 'change', lines: ['-max-clients 4', '+max-clients 1024'] }] },
    },
    errors: ['failed-precondition', 'permission-denied'],
  }),
  changeOverlayKey: declareRoute({
    method: 'POST',
    path: '/api/v1/overlay/key-change',
    summary: 'Exchange the key that wraps tunnels: begin, let nodes learn it, finish',
    tag: 'overlay',
    doors: 'both',
    body: KeyChange,
    answer: {
      status: 200,
      description: 'who has not learned it',
      schema: KeyChangeView,
      example: { behind: ['pi-9'] },
    },
    errors: ['failed-precondition', 'permission-denied'],
  }),
} as const;
