import { expect, test } from 'vitest';
import { type NodeId, nodeId, siteId } from '../../proto/contract/ids.js';
import type { CredentialRecord, Node } from '../domain/node.js';
import { Identities } from './identities.js';

const ID = nodeId('n-0000000000001');
const NOW = 1_000_000;
const clock = { nowMs: () => NOW, monotonicMs: () => 0 };

function node(over: Partial<Node> = {}): Node {
  return {
    id: ID,
    site: siteId('lab'),
    kind: 'pi',
    name: 'pi-1',
    lifecycle: 'enrolled',
    board: { model: '', serial: '00000000C0FFEE01', macAddresses: [] },
    enrolledAtMs: 0,
    desiredRevision: 0,
    ...over,
  };
}

function credential(renewalCounter: number, expiresAtMs = NOW + 1): CredentialRecord {
  const spkiSha256 = `key-${renewalCounter}`;
  return { nodeId: ID, spkiSha256, renewalCounter, certificateSerial: '', issuedAtMs: 0, expiresAtMs };
}

function watched(identities: Identities): string[] {
  const told: string[] = [];
  identities.watch({
    newestUsed: (id: NodeId) => told.push(`newest used ${id}`),
    retiredUsed: (id: NodeId) => told.push(`retired used ${id}`),
  });
  return told;
}

const unauthenticated = expect.objectContaining({ code: 'unauthenticated' });

test('a key speaks for its node, an unknown key for nobody', () => {
  const identities = new Identities(clock);
  identities.put(node(), [credential(1)]);
  expect(identities.check('key-1')).toEqual({ nodeId: ID, site: 'lab', kind: 'pi', spkiSha256: 'key-1' });
  expect(() => identities.check('key-2')).toThrow(unauthenticated);
  expect(identities.count).toBe(1);
});

test('T-11 the key of a revoked node speaks for nobody from that moment on', () => {
  const identities = new Identities(clock);
  identities.put(node(), [credential(1), credential(2)]);
  identities.put(node({ lifecycle: 'revoked' }), [credential(1), credential(2)]);
  for (const key of ['key-1', 'key-2']) expect(() => identities.check(key)).toThrow(unauthenticated);
  expect(identities.count).toBe(0);
});

test('a frozen node keeps its key: whether its stream may stay is not decided here', () => {
  const identities = new Identities(clock);
  identities.put(node({ lifecycle: 'frozen' }), [credential(1)]);
  expect(identities.check('key-1').nodeId).toBe(ID);
});

test('the key before is good until the newest one was used, and then it is a sign of a clone', () => {
  const identities = new Identities(clock);
  const told = watched(identities);
  identities.put(node(), [credential(2), credential(1)]);
  expect(identities.check('key-1').spkiSha256).toBe('key-1');
  expect(identities.check('key-2').spkiSha256).toBe('key-2');
  expect(identities.check('key-2').spkiSha256).toBe('key-2');
  expect(told).toEqual([`newest used ${ID}`]);
  expect(() => identities.check('key-1')).toThrow(unauthenticated);
  expect(told).toEqual([`newest used ${ID}`, `retired used ${ID}`]);
});

test('that the newest key was used is not forgotten when the node changes', () => {
  const identities = new Identities(clock);
  identities.put(node(), [credential(2), credential(1)]);
  identities.check('key-2');
  identities.put(node({ lifecycle: 'frozen' }), [credential(2), credential(1)]);
  expect(() => identities.check('key-1')).toThrow(unauthenticated);
  identities.put(node(), [credential(3), credential(2)]);
  expect(identities.check('key-2').spkiSha256).toBe('key-2');
});

test.for<[string, number, boolean]>([
  ['one that ends a moment later still counts', NOW + 1, true],
  ['one that was retired before a restart does not', NOW, false],
])('after a restart the key before: %s', async ([, expiresAtMs, isGood]) => {
  const records = [credential(1, expiresAtMs), credential(2)];
  // load() reads these two and nothing else.
  const reader = { nodes: async () => [node()], liveCredentials: async () => records };
  const identities = await Identities.load(reader as unknown as Parameters<typeof Identities.load>[0], clock);
  if (isGood) expect(identities.check('key-1').nodeId).toBe(ID);
  else expect(() => identities.check('key-1')).toThrow(unauthenticated);
  expect(identities.check('key-2').nodeId).toBe(ID);
});

test('names and boards of nodes that never connected count too, revoked boards do not', () => {
  const identities = new Identities(clock);
  identities.put(node(), []);
  expect(identities.isNameTaken('pi-1')).toBe(true);
  expect(identities.nameByBoardSerial('00000000c0ffee01', undefined)).toBe('pi-1');
  expect(identities.nameByBoardSerial('00000000c0ffee01', ID)).toBeUndefined();
  expect(identities.nameByBoardSerial('', undefined)).toBeUndefined();
  identities.put(node({ lifecycle: 'revoked' }), []);
  expect(identities.nameByBoardSerial('00000000c0ffee01', undefined)).toBeUndefined();
  expect(identities.isNameTaken('pi-1')).toBe(true);
});
