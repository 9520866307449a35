import { test } from 'vitest';
import { CASES, killAtRandom, killAtWrites } from './kills.js';

// All of them, at every write, and a hundred moments: `npm run chaos`.
test('a node that is made: killed at some writes of its journal, it comes to the same end', async () => {
  await killAtWrites(CASES.provision, 2.5, 6);
});

test('killed at random moments: it goes on or takes everything back, and leaves nothing lying about', async () => {
  await killAtRandom(16, 12);
});
