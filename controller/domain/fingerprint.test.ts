import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FINGERPRINT_WORDS, renderFingerprint } from './fingerprint.js';
import { WORDS } from './fingerprint-words.js';

function lettersApart(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

test('every byte has a word of its own, short and in plain letters', () => {
  expect(new Set(WORDS).size).toBe(256);
  for (const word of WORDS) expect(word).toMatch(/^[a-z]{4,7}$/);
});

test('no two words can be mistaken for each other', () => {
  expect(new Set(WORDS.map((word) => word.slice(0, 4))).size).toBe(256);
  const close = WORDS.flatMap((a, index) =>
    WORDS.slice(index + 1)
      .filter((b) => lettersApart(a, b) < 3)
      .map((b) => `${a} ${b}`),
  );
  expect(close).toEqual([]);
});

test('the words of a known key never change', () => {
  expect(renderFingerprint(`00017f80feff2a10${'0'.repeat(48)}`)).toBe(
    'acorn adobe jigsaw juniper zenith zigzag castle banjo',
  );
});

test('keys that differ in their first eight bytes differ in words', () => {
  const head = fc.stringMatching(/^[0-9a-f]{16}$/);
  fc.assert(
    fc.property(head, head, fc.stringMatching(/^[0-9a-f]{48}$/), (a, b, tail) => {
      const [left, right] = [renderFingerprint(a + tail), renderFingerprint(b + tail)];
      expect(left.split(' ')).toHaveLength(FINGERPRINT_WORDS);
      expect(left === right).toBe(a === b);
    }),
  );
});

test('what is not a SHA-256 is a bug, not a fingerprint', () => {
  expect(() => renderFingerprint('abc')).toThrow(/SHA-256/);
});
