import { inject, test } from 'vitest';
import { killedDrivers, killRoots } from '../system/root-kills.js';

const drivers = killedDrivers(inject('debian').present);
const KILLS = Number(process.env['BRAMBLE_ROOT_KILLS'] ?? 2_000);
/** Of a slow machine: a second for every kill, three on a busy one. */
const LIMIT_MS = KILLS * 3_000 + 120_000;

test.skipIf(process.getuid?.() !== 0)(
  `a reimage that is killed ${KILLS} times always leaves a whole root, old or new: ${drivers.join(', ')}`,
  { timeout: LIMIT_MS },
  () => killRoots(KILLS, drivers),
);
