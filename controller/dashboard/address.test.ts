import { expect, test } from 'vitest';
import { parseAddress, renderAddress } from './address.js';

const NODE = 'n-0000000000001';

test.for([
  ['', { filter: { text: '', states: [] }, nodeId: undefined }],
  [`#node=${NODE}`, { filter: { text: '', states: [] }, nodeId: NODE }],
  ['#q=pi+4%26%23', { filter: { text: 'pi 4&#', states: [] }, nodeId: undefined }],
  ['#q=cam&state=troubled+ready', { filter: { text: 'cam', states: ['troubled', 'ready'] }, nodeId: undefined }],
] as const)('%j is an address, and is written the same way', ([hash, address]) => {
  expect(parseAddress(hash)).toEqual(address);
  expect(renderAddress(parseAddress(hash))).toBe(hash);
});

test.for(['#node=../../x', '#node=<script>', '#state=healthy', '#=&&&', '#%', '#%E0%A4%A'])(
  'of %j what is not understood is left out',
  (hash) => {
    expect(parseAddress(hash)).toMatchObject({ nodeId: undefined, filter: { states: [] } });
  },
);
