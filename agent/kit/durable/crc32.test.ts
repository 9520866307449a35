import { expect, test } from 'vitest';
import { crc32 } from './crc32.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('gives the check value that every catalogue of CRCs prints for "123456789"', () => {
  expect(crc32(bytes('123456789'))).toBe(0xcbf43926);
});

test('of nothing is 0, and of zeros is not 0', () => {
  expect(crc32(bytes(''))).toBe(0);
  expect(crc32(new Uint8Array(4))).toBe(0x2144df1c);
});

test('can be continued piece by piece', () => {
  expect(crc32(bytes('6789'), crc32(bytes('12345')))).toBe(0xcbf43926);
});
