import { test } from 'vitest';
import { CASES, killAtRandom, killAtWrites } from '../sim/provisioning/kills.js';

test.each(Object.entries(CASES))('%s: killed before and after every write of its journal', async (_name, one) => {
  await killAtWrites(one, 0.5, 20);
});

test('killed at a hundred random moments: it goes on or takes everything back, and leaves nothing lying about', async () => {
  await killAtRandom(100, 90);
});
