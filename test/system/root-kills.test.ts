import { inject, test } from 'vitest';
import { killedDrivers, killRoots } from './root-kills.js';

const KILLS = 200;
const drivers = killedDrivers(inject('debian').present);

test.skipIf(process.getuid?.() !== 0)(
  `a reimage that is killed ${KILLS} times at random always leaves a whole root, old or new: ${drivers.join(', ')}`,
  { timeout: 600_000 },
  () => killRoots(KILLS, drivers),
);
