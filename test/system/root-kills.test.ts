import { test } from 'vitest';
import { killRoots } from './root-kills.js';

const KILLS = 200;
/** Most of each kill is waiting. */
const LANES = 4;

test.skipIf(process.getuid?.() !== 0)(
  `a reimage that is killed ${KILLS} times at random always leaves a whole root, old or new`,
  { timeout: 600_000 },
  () => killRoots(KILLS, LANES),
);
