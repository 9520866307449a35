import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderBase32 } from './base32.js';
import { parseToken, renderToken } from './token-format.js';

const parts = fc.record({ keyId: fc.stringMatching(/^[a-z2-7]{8}$/), secret: fc.stringMatching(/^[a-z2-7]{32}$/) });

test('base32 agrees with the examples of RFC 4648', () => {
  const encode = (text: string, characters: number) =>
    renderBase32(
      Uint8Array.from(text, (c) => c.charCodeAt(0)),
      characters,
    );
  expect([encode('fooba', 8), encode('foob', 6), encode('f', 1)]).toEqual(['mzxw6ytb', 'mzxw6y', 'm']);
  expect(() => encode('f', 2)).toThrow(/enough bytes/);
});

test('a token of this release reads the same for ever', () => {
  expect(renderToken({ keyId: 'abcdefgh', secret: 'a'.repeat(32) })).toBe(
    'bt1_abcdefgh_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_melxlyy',
  );
});

test('what was rendered is parsed back', () => {
  fc.assert(
    fc.property(parts, (given) => {
      expect(parseToken(renderToken(given))).toEqual(given);
    }),
  );
});

test('a token with one character changed, cut short or grown is no token', () => {
  fc.assert(
    fc.property(parts, fc.nat(52), fc.constantFrom(...'abz27_-A '), (given, at, character) => {
      const token = renderToken(given);
      const changed = token.slice(0, at) + character + token.slice(at + 1);
      if (changed !== token) expect(parseToken(changed)).toBeUndefined();
      expect(parseToken(token.slice(0, at))).toBeUndefined();
      expect(parseToken(token + character)).toBeUndefined();
    }),
  );
});

test('no text makes the parser throw', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parseToken(text)).toBeUndefined();
    }),
  );
});
