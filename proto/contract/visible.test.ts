import fc from 'fast-check';
import { expect, test } from 'vitest';
import { visible } from './visible.js';

test.for<[string, string, string]>([
  ['plain text stays as it is', 'ext4 on /dev/mmcblk0p2', 'ext4 on /dev/mmcblk0p2'],
  ['letters of any script stay', 'Größe 温度 δ', 'Größe 温度 δ'],
  ['an ANSI escape is spelled out', '\u001b[2Jgone', '\\u{1b}[2Jgone'],
  ['a line break cannot start a second line', 'ok\nroot: all good', 'ok\\u{a}root: all good'],
  ['a bidi override is spelled out', 'evil\u202egnp.exe', 'evil\\u{202e}gnp.exe'],
  ['zero-width characters are spelled out', 'pi\u200b-07', 'pi\\u{200b}-07'],
  ['a C1 control is spelled out', 'a\u009b31m', 'a\\u{9b}31m'],
  ['a paragraph separator is spelled out', 'a\u2029b', 'a\\u{2029}b'],
  ['half of a surrogate pair is spelled out', 'a\ud800b', 'a\\u{d800}b'],
  ['a tag character outside the BMP is spelled out', 'a\u{e0041}', 'a\\u{e0041}'],
])('%s', ([, text, want]) => {
  expect(visible(text)).toBe(want);
});

test('text of exactly the longest length is kept, one character more is cut with a mark', () => {
  expect(visible('abcde', 5)).toBe('abcde');
  expect(visible('abcdef', 5)).toBe('abcd…');
});

test('property: never longer than asked, and nothing hidden is left', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 100 }), (text, max) => {
      const shown = visible(text, max);
      expect(shown.length).toBeLessThanOrEqual(max);
      expect(shown).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }),
  );
});
