import { expect, test } from 'vitest';
import { nodeId, siteId } from '../../../proto/contract/ids.js';
import { missingWitnesses, type WitnessNode } from './witnesses.js';

const ID = nodeId('n-0000000000001');
const CAM = siteId('cam');
const CHANGED_MS = 100;

const node = (kind: WitnessNode['kind'], over: Partial<WitnessNode> = {}): WitnessNode => ({
  ...{ id: kind === 'switch' ? ID : nodeId('n-0000000000002'), name: kind, site: CAM, kind },
  ...{ isRevoked: false, isSilent: false, lastSeenAtMs: 200, answeringVlans: new Set([10, 11]) },
  ...over,
});
const SWITCH = node('switch');

test.for<[string, readonly WitnessNode[], readonly string[]]>([
  ['switch and fileserver have spoken since', [SWITCH, node('fileserver')], []],
  ['the switch has not', [node('switch', { lastSeenAtMs: 100 })], ['switch was not heard from since']],
  [
    'the fileserver has not',
    [SWITCH, node('fileserver', { lastSeenAtMs: 99 })],
    ['fileserver was not heard from since'],
  ],
  [
    'the fileserver fell silent',
    [SWITCH, node('fileserver', { isSilent: true })],
    ['fileserver was not heard from since'],
  ],
  [
    'the fileserver hears a board less than before',
    [SWITCH, node('fileserver', { answeringVlans: new Set([11, 12]) })],
    ['fileserver hears nobody in VLAN 10'],
  ],
  ['another site does not count', [SWITCH, node('fileserver', { lastSeenAtMs: 1, site: siteId('home') })], []],
  ['a revoked fileserver does not count', [SWITCH, node('fileserver', { lastSeenAtMs: 1, isRevoked: true })], []],
  ['a Pi does not count', [SWITCH, node('pi', { lastSeenAtMs: 1 })], []],
  ['the switch is gone', [node('fileserver')], [`${ID} is no longer there`]],
])('whether a change may stay: %s', ([, nodes, want]) => {
  const expected = [{ nodeId: nodeId('n-0000000000002'), vlans: [10, 11] }];
  expect(missingWitnesses([{ nodeId: ID, site: CAM }], CHANGED_MS, nodes, expected)).toEqual(want);
});
