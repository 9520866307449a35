/** What a whole site's Pis share is gone: they are out of sight with it, and nothing is done to them. */

import { afterAll, beforeEach, inject, test } from 'vitest';
import { BOOT_LIMIT_MS, DIAGNOSE_S_MIN, isAtRest, teach, untilClosed, watchOnly } from './healing.js';
import { Rack } from './rack.js';
import { holdsHereHealsThere } from './shared-cause.js';
import { sharedRack } from './testing.js';

beforeEach(async () => {
  const found = inject('rack');
  if (!('missing' in found)) await isAtRest(Rack.open(found.id));
}, 3 * BOOT_LIMIT_MS);

afterAll(async () => {
  const found = inject('rack');
  if (!('missing' in found)) await watchOnly(Rack.open(found.id));
});

test.for([
  {
    what: 'switch',
    ...{
      cause: 'switch:switch',
      row: 'switch-gone',
      words: 'its switch is gone: held by G2',
      cables: ['trunk', 'mgmt'],
    },
  },
  {
    what: 'fileserver',
    ...{ cause: 'fileserver:fileserver', row: 'fileserver-gone', words: 'its fileserver is gone: held by G2' },
    cables: ['trunk', 'uplink'],
  },
])('the $what is dead: nothing is done to its Pis, and one that hangs elsewhere is healed', async (cause, { skip }) => {
  const rack = sharedRack(skip);
  await teach(rack, DIAGNOSE_S_MIN);
  await holdsHereHealsThere(rack, cause);
  await untilClosed(rack, cause.cause, 0);
});
