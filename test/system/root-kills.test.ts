import { test } from 'vitest';
import { KILLED_DRIVERS, killRoots } from './root-kills.js';

const KILLS = 200;

test.skipIf(process.getuid?.() !== 0)(
  `a reimage that is killed ${KILLS} times at random always leaves a whole root, old or new`,
  { timeout: 600_000 },
  () => killRoots(KILLS, KILLED_DRIVERS),
);
