import { expect, test } from 'vitest';
import { judgePorts, type LearnedPort } from './port-sight.js';

const [A, B, X] = ['dc:a6:32:00:00:0a', 'dc:a6:32:00:00:0b', 'dc:a6:32:00:00:99'];
const NODES: Readonly<Record<string, readonly string[]>> = { 'node-a': [A], 'node-b': [B] };
const ownerOf = (mac: string) => Object.keys(NODES).find((name) => NODES[name]?.includes(mac));

const port = (name: string, role: string, vlans: string, macs: string): LearnedPort => ({
  port: name,
  role,
  vlans,
  macs,
});
const judged = (...ports: readonly LearnedPort[]) => judgePorts(ports, ownerOf, (name) => NODES[name]).get('swp1');
const FINE = { isWrongBoard: false, isForeign: false, words: '' };

test.for<[string, readonly LearnedPort[], object | undefined]>([
  ['the board that it is planned for', [port('swp1', 'pi: node-a', '10u 131', `10/${A} 131/${A}`)], FINE],
  ['nobody', [port('swp1', 'pi: node-a', '10u', '')], FINE],
  [
    'a board of the fleet that belongs elsewhere',
    [port('swp1', 'pi: node-a', '10u', `10/${B}`)],
    { isWrongBoard: true, isForeign: false, words: 'node-b is there, it is planned for node-a' },
  ],
  [
    'an address that nobody has, beside its board',
    [port('swp1', 'pi: node-a', '10u', `10/${A} 10/${X}`)],
    { isWrongBoard: false, isForeign: true, words: `${X} is not of node-a, nor of any node of the fleet` },
  ],
  [
    'an address that nobody has, in its VLAN on another port',
    [port('swp1', 'pi: node-a', '10u', `10/${A}`), port('swp2', 'pi: node-b', '11u', `11/${B} 10/${X}`)],
    { isForeign: true },
  ],
  ['a plan that names a node which is not there yet', [port('swp1', 'pi: node-c', '10u', `10/${X}`)], FINE],
  ['a plan that names nobody', [port('swp1', 'pi', '10u', `10/${X}`)], FINE],
  ['an uplink', [port('swp1', 'uplink', '10', `10/${X}`)], undefined],
])('on the port is %s', ([, ports, want]) => {
  const seen = judged(...ports);
  if (want === undefined) expect(seen).toBeUndefined();
  else expect(seen).toMatchObject(want);
});
