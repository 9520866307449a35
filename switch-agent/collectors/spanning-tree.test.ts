import { expect, test } from 'vitest';
import { parseEdgePorts } from './spanning-tree.js';

const block = (port: string, edge: string): string => `br0:${port} CIST info
  enabled            yes                     role                 Designated
  port id            8.001                   state                forwarding
  bpdu guard port    yes                     bpdu guard error     no
  admin edge port    yes                     auto edge port       yes
  oper edge port     ${edge.padEnd(24)}topology change ack  no
`;

test('ports that forward at once are told apart from those that wait for the spanning tree', () => {
  const text = block('swp1', 'yes') + block('swp52', 'no');
  expect([...parseEdgePorts(text)]).toEqual([
    ['swp1', true],
    ['swp52', false],
  ]);
});

test('a text that was cut, or says something else, tells of no port more', () => {
  const text = block('swp1', 'yes');
  for (let end = 0; end < text.length; end += 1) {
    for (const isEdge of parseEdgePorts(text.slice(0, end)).values()) expect(isEdge).toBe(true);
  }
  expect([...parseEdgePorts('cannot connect to mstpd\n  oper edge port     yes\n')]).toEqual([]);
});
