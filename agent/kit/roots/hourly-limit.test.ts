import { expect, test } from 'vitest';
import { BOARD, BOOT_SET, CHANGES_PER_HOUR, orderOf, RootRig } from '../testing/root-rig.js';
import { SimPool } from '../testing/sim-pool.js';
import { carryOutRoots } from './carry-out.js';

const never = new AbortController().signal;
const HOUR_MS = 3_600_000;
const { serial } = BOARD;

async function started(): Promise<RootRig> {
  const rig = new RootRig(new SimPool(), 1);
  const { keeper, boot } = rig.start();
  await boot.apply(BOOT_SET, never);
  await keeper.prepare(orderOf('one'), never);
  return rig;
}

/** As each order comes: by a process of its own. */
const activate = (rig: RootRig) => carryOutRoots(rig.start(), { kind: 'activate', serial, generation: 1 }, never);
const remove = (rig: RootRig) => carryOutRoots(rig.start(), { kind: 'remove', serial, keepData: false }, never);

test('T-27 a controller gone wild reimages and wipes no more often than root allows, whatever it signs', async () => {
  const rig = await started();
  for (let change = 0; change < CHANGES_PER_HOUR; change++) {
    rig.uptimeMs += 1_000;
    await activate(rig);
  }
  await expect(activate(rig)).rejects.toMatchObject({
    code: 'permission-denied',
    message: expect.stringContaining(`${CHANGES_PER_HOUR} times within the hour`),
  });
  await expect(remove(rig)).rejects.toMatchObject({ code: 'permission-denied' });
  expect((await rig.start().keeper.look(serial)).current).toBe(1);
  rig.uptimeMs += HOUR_MS;
  await remove(rig);
  expect((await rig.start().keeper.look(serial)).current).toBeUndefined();
});

test('what is known of an earlier boot, or was cut short, forbids nothing', async () => {
  const rig = await started();
  for (let change = 0; change < CHANGES_PER_HOUR; change++) await activate(rig);
  rig.bootId = 'boot-2';
  await activate(rig);
  rig.pool.plant('/srv/bramble/boot/changed.json', '{"bootId":"boot-2","atM');
  await activate(rig);
});
