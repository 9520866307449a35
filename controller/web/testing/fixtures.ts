import { Readable } from 'node:stream';
import type { NodeDetail } from '../../../proto/contract/api/fleet.js';
import type { PartReadiness, WebOptions } from '../options.js';
import { FakeFleet } from './fake-fleet.js';

export const NODE_1 = 'n-0000000000001';
/** 2026-11-20 12:00 UTC. */
export const NOW_MS = 1_795_176_000_000;

export function nodeDetail(over: Partial<NodeDetail> = {}): NodeDetail {
  return {
    id: NODE_1,
    name: 'pi-01',
    site: 'cam',
    kind: 'pi',
    state: 'ready',
    why: 'reports arrive and nothing is wrong',
    liveness: 'fresh',
    lastSeenMs: NOW_MS - 4_000,
    model: 'Raspberry Pi 3 Model B Rev 1.2',
    serial: '00000000a1b2c3d4',
    agentVersion: '0.1.0',
    desiredRevision: 0,
    desiredRevisionReached: 0,
    conditions: [],
    facts: [{ fact: 'memory_total_bytes', instance: '', value: 955_252_736 }],
    ...over,
  };
}

/** Options for doors on any free port, over a fleet in memory; `adminSocket` must be in a fresh directory. */
export function webOptions(
  adminSocket: string,
  over: Partial<WebOptions> = {},
): WebOptions & { readonly fleet: FakeFleet } {
  const parts: readonly PartReadiness[] = [{ part: 'store', ready: true, detail: 'answers' }];
  const page = { contentType: 'text/html; charset=utf-8', body: Buffer.from('<!doctype html>'), etag: '"1"' };
  let seed = 0;
  return {
    history: { series: async () => [{ atMs: 1, value: 2 }] },
    uploads: { find: async () => ({ sizeBytes: 4, read: () => Readable.from([Buffer.from([0x1f, 0x8b, 8, 0])]) }) },
    join: { spkiPin: 'ab'.repeat(32), enrollEndpoint: 'controller.example:7442' },
    readiness: async () => parts,
    measures: async () => [{ name: 'bramble_reports_total', help: 'Reports taken in.', kind: 'counter', value: 7 }],
    assets: new Map([['/', page]]),
    page: { host: '127.0.0.1', port: 0 },
    adminSocket,
    clock: { nowMs: () => NOW_MS, monotonicMs: () => 0 },
    random: { unit: () => 0.5, bytes: (length) => new Uint8Array(length).fill(seed++) },
    timers: { after: () => () => undefined },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    ...over,
    fleet: new FakeFleet(),
  };
}
