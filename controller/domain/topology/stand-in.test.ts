import { expect, test } from 'vitest';
import { buildTopology, DEFAULT_FLEET } from '../testing/fleet.js';
import { canStandIn } from './stand-in.js';

const { nodes, spares } = buildTopology({ ...DEFAULT_FLEET, sites: 2, models: ['3b', '4b'], sparesPerSite: 2 });

test.for([
  ['of its model beside it stands in', {}, true],
  ['of another model finds no boot files of its own', { board: { model: '4b' } }, false],
  ['at another switch would need its VLAN there', { plug: { switch: 'site2-sw1', port: 9 } }, false],
  ['of another fileserver has no root', { fileserver: 'site2-fs' }, false],
] as const)('a spare %s', ([, over, expected]) => {
  const [node, spare] = [nodes[0] ?? expect.unreachable(), spares[0] ?? expect.unreachable()];
  const other = { ...spare, ...over, board: { ...spare.board, ...('board' in over && over.board) } };
  expect(canStandIn(other, node)).toBe(expected);
});

test('nothing stands in for a node that is plugged in nowhere', () => {
  const [node = expect.unreachable()] = nodes;
  expect(spares.filter((spare) => canStandIn(spare, { ...node, plug: undefined }))).toEqual([]);
});
