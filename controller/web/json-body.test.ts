import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assertNoKeyTwice } from './json-body.js';

test.for([
  '{"a":1,"a":2}',
  '{"a":1,"\\u0061":2}',
  '[{"x":{"b":[],"b" : 1}}]',
  '{"a":{"b":1},"c":"}","a":null}',
  '{"":1,"":2}',
  '{"__proto__":1,"__proto__":2}',
])('T-52 a key that is there twice is refused: %s', (text) => {
  JSON.parse(text); // valid, and so the parser would have taken one of the two
  expect(() => assertNoKeyTwice(text)).toThrow(/is there twice/);
});

test.for(['{"a":{"a":1},"b":{"a":2}}', '[{"a":1},{"a":1}]', '{"a":"\\"a\\":1","b":["a","a","b"]}', '"a"', '1'])(
  'the same word in other places is none: %s',
  (text) => expect(() => assertNoKeyTwice(text)).not.toThrow(),
);

test('what JSON.stringify writes never has a key twice', () => {
  fc.assert(fc.property(fc.json(), (text) => assertNoKeyTwice(JSON.stringify(JSON.parse(text)))));
});
