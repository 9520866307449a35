import { describe, expect, test } from 'vitest';
import { nodeId, siteId } from '../../proto/contract/ids.js';
import type { Node } from './node.js';
import { type ConfigSituation, type NodeConfigRecord, nextConfig } from './node-config.js';

const NODE: Node = {
  id: nodeId('n-0000000000001'),
  site: siteId('lab'),
  kind: 'pi',
  name: 'pi-1',
  lifecycle: 'enrolled',
  board: { model: '', serial: '', macAddresses: [] },
  enrolledAtMs: 0,
  desiredRevision: 3,
};

const NEWEST: NodeConfigRecord = {
  nodeId: NODE.id,
  revision: 3,
  previousRevision: 1,
  config: {},
  atMs: 1,
  actor: 'kim',
  reason: 'r',
};

const situation = (over: Partial<ConfigSituation> = {}): ConfigSituation => ({
  node: NODE,
  newest: NEWEST,
  revisionReached: 3,
  nowMs: 9,
  ...over,
});

const change = (expectedRevision: number) => ({
  config: { hostname: 'pi-2' },
  expectedRevision,
  reason: 'why',
  actor: 'ann',
});

describe('the next config of a node', () => {
  test('follows the one that was seen', () => {
    expect(nextConfig(change(3), situation())).toEqual({
      nodeId: NODE.id,
      revision: 4,
      previousRevision: 3,
      config: { hostname: 'pi-2' },
      atMs: 9,
      actor: 'ann',
      reason: 'why',
    });
  });

  test('is newer than what the node has, also when the controller was restored from a backup', () => {
    expect(nextConfig(change(3), situation({ revisionReached: 8 })).revision).toBe(9);
  });

  test.for([0, 2, 4])('is not made by somebody who expects revision %i', (expected) => {
    expect(() => nextConfig(change(expected), situation())).toThrow('kim made revision 3');
  });

  test('begins at no revision', () => {
    const first = situation({ newest: undefined, revisionReached: 0, node: { ...NODE, desiredRevision: 0 } });
    expect(nextConfig(change(0), first)).toMatchObject({ revision: 1, previousRevision: 0 });
    expect(() => nextConfig(change(1), first)).toThrow('there is none');
  });

  test('is refused for a revoked node', () => {
    expect(() => nextConfig(change(3), situation({ node: { ...NODE, lifecycle: 'revoked' } }))).toThrow('is revoked');
  });
});
