import { expect, test } from 'vitest';
import { commandId } from '../../proto/contract/ids.js';
import { seededRandom, uuidv7 } from '../../proto/contract/random.js';
import { uuidv7TimeMs } from './command-age.js';

test('a command id tells when it was made', () => {
  const atMs = 1_763_692_800_123;
  expect(uuidv7TimeMs(commandId(uuidv7(atMs, seededRandom(1))))).toBe(atMs);
});
