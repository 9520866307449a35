import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import { buildTopology, DEFAULT_FLEET } from '../testing/fleet.js';
import { offerOf, place } from './capability.js';
import { topologyProblems } from './check.js';
import { mapFleet } from './fleet-map.js';
import { whatIfUnplugged } from './what-if.js';

const FLEET = mapFleet(buildTopology());

test('a node knows what it shares, smallest first', () => {
  const node = FLEET.nodeByName.get('site1-pi001');
  const names = node?.elements
    .map((index) => FLEET.elements[index])
    .map((one) => `${one?.kind}:${one?.members.length}`);
  expect(names?.slice(0, 1)).toEqual(['psu:8']);
  expect(names?.slice(-2).sort()).toEqual(['fleet:24', 'image:24']);
});

test('contradictions are all told at once', () => {
  const topology = buildTopology();
  const [first, ...rest] = topology.nodes;
  if (first === undefined) throw new Error('a fleet has nodes');
  const broken = {
    ...topology,
    nodes: [{ ...first, shelf: 'nowhere', plug: { switch: 'site1-sw1', port: 25 } }, { ...first }, ...rest],
  };
  expect(topologyProblems(broken)).toEqual([
    'site1-pi001 is the name of two things',
    'site1-pi001: there is no shelf nowhere',
    'site1-pi001: port site1-sw1/25 is for fileserver',
    'board 000186a0 is both site1-pi001 and site1-pi001',
  ]);
  expect(() => mapFleet(broken)).toThrow(BrambleError);
});

test.for<[string, string, string, number]>([
  ['one of two supplies sheds the ports that the other cannot feed', 'site1-psu1', 'shed', 0],
  ['a switch takes its Pis with it', 'site1-sw1', 'off', 8],
  ['a fileserver leaves its Pis running without a root', 'site1-fs', 'hung', 8],
  ['an uplink leaves everything running, out of sight', 'site1', 'cut-off', 8],
  ['a rack takes all that stands in it', 'site1-rack', 'off', 8],
])('%s', ([, name, effect, count]) => {
  const told = whatIfUnplugged(FLEET, name);
  expect(told.nodes.filter((node) => node.effect === effect).length).toBe(count);
  expect(told.nodes.length).toBe(count);
});

test('a full switch on one supply sheds the highest ports', () => {
  const full = mapFleet(buildTopology({ ...DEFAULT_FLEET, nodesPerSite: 24, sparesPerSite: 0 }));
  const told = whatIfUnplugged(full, 'site1-psu2');
  expect(told.nodes.map(({ name, effect }) => `${name} ${effect}`)).toEqual(
    ['19', '20', '21', '22', '23', '24'].map((port) => `site1-pi0${port} shed`),
  );
});

test('pulling the plug of nothing says what can be named', () => {
  expect(() => whatIfUnplugged(FLEET, 'nobody')).toThrow(/nothing in the topology is called nobody/);
});

test('work goes to the smallest nodes that suffice, spread over sites, and says why others were left out', () => {
  const offers = FLEET.nodes.map((node) => offerOf(FLEET, node));
  const placed = place(offers, { count: 3, computeMHzMin: 5_500, spreadBy: 'site' });
  expect(placed.nodes.map((name) => name.slice(0, 5)).sort()).toEqual(['site1', 'site2', 'site3']);
  expect(placed.rejected).toEqual({ compute: 9 });
  expect(place(offers, { count: 1, uplinkShareBitsPerSMin: 3_000_000 })).toEqual({
    nodes: [],
    rejected: { uplink: 24 },
  });
});
