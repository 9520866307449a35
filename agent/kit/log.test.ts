import { expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { errorFields } from './log.js';

test('an operating error is logged by its words, a bug with its stack', () => {
  const error = new BrambleError('unavailable', 'no route', { hint: 'plug it in', context: { port: 7 } });
  expect(errorFields(error)).toEqual({ code: 'unavailable', reason: 'no route', hint: 'plug it in', port: 7 });
  const bug = new TypeError('x is undefined');
  expect(errorFields(bug)).toEqual({ err: bug });
});
