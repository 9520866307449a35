import { expect, test } from 'vitest';
import { clockSynchronised, parseSynchronised } from './clock-service.js';

test.for([
  ['yes\n', 'yes'],
  ['no\n', 'no'],
  ['', 'unknown'],
  ['NTPSynchronized=yes\n', 'unknown'],
] as const)('timedatectl that says %j means %s', ([said, known]) => {
  expect(parseSynchronised(said)).toBe(known);
});

test('a machine where it cannot be asked is no error', async () => {
  expect(['yes', 'no', 'unknown']).toContain(await clockSynchronised());
});
