import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrambleError } from './errors.js';
import { isLabelKey, isLabelValue } from './labels.js';
import { matchesSelector, parseSelector, renderSelector, type Selector } from './selector.js';

const LABELS = { rack: '3', env: 'a', empty: '', 'example.org/role': 'cache', constructor: 'x' };

test.for<[string, boolean]>([
  ['', true],
  ['  ', true],
  ['rack=3', true],
  ['rack==3', true],
  ['rack = 3 , env in ( a , b )', true],
  ['rack=4', false],
  ['rack!=4', true],
  ['rack!=3', false],
  ['missing!=3', true],
  ['env in (a,b),!broken', true],
  ['env notin (a,b)', false],
  ['missing notin (a)', true],
  ['missing in (a)', false],
  ['rack', true],
  ['!rack', false],
  ['! missing', true],
  ['missing', false],
  ['empty=', true],
  ['empty in (,x)', true],
  ['example.org/role=cache', true],
  ['in=3', false],
  ['notin', false],
  ['constructor=x', true],
  ['toString', false],
])('%s: %s', ([text, holds]) => {
  expect(matchesSelector(parseSelector(text), LABELS)).toBe(holds);
});

test.for([
  ',',
  'rack=3,',
  ',rack',
  'rack=3,,env',
  'rack in',
  'rack in (',
  'rack in (a',
  'rack in a',
  'rack in (a) b',
  'rack within (a)',
  'rack >3',
  '=3',
  '!',
  '!!rack',
  'rack=a b',
  'rack=-a',
  'a/b/c=d',
  '/a',
  'A.org/x',
  'rack=ü',
  '__proto__=1',
  'x'.repeat(2_000),
  Array.from({ length: 40 }, (_, n) => `k${n}`).join(','),
])('%s is refused, and nothing else is thrown', (text) => {
  expect(() => parseSelector(text)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
});

const word = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?$/);
const requirement = fc.oneof(
  fc.record({ key: word, operator: fc.constantFrom('exists' as const, 'absent' as const), values: fc.constant([]) }),
  fc.record({
    key: word,
    operator: fc.constantFrom('in' as const, 'not-in' as const),
    values: fc.array(fc.oneof(word, fc.constant('')), { minLength: 1, maxLength: 3 }),
  }),
);

test('property: what is rendered is parsed as the same selector', () => {
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 6 }), (selector: Selector) => {
      expect(parseSelector(renderSelector(selector))).toEqual(selector);
    }),
  );
});

test('property: any text is a selector or a clear refusal, and a selector judges any labels', () => {
  const pieces = fc.constantFrom('a', 'rack', '=', '==', '!=', '!', ' ', ',', '(', ')', 'in', 'notin', '/', '.', 'é');
  const text = fc.oneof(
    fc.string(),
    fc.array(pieces).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, fc.dictionary(word, word), (given, labels) => {
      try {
        const selector = parseSelector(given);
        expect(typeof matchesSelector(selector, labels)).toBe('boolean');
        for (const { key, values } of selector) {
          expect(isLabelKey(key) && values.every(isLabelValue)).toBe(true);
        }
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(BrambleError);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a hostile text of the greatest length is refused', () => {
  for (const text of ['a.'.repeat(511), 'a-'.repeat(512), '('.repeat(1_024), `${'a'.repeat(500)}/${'b'.repeat(500)}`]) {
    expect(() => parseSelector(text)).toThrow(BrambleError);
  }
});
