/** The main job, on real parts: what is broken is found and healed; what is held is held; and everything is told. */

import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { IncidentDetail } from '../../proto/contract/api/incidents.js';
import { breaks } from './faults.js';
import {
  actsSince,
  BOOT_LIMIT_MS,
  bootIdOf,
  boots,
  bramble,
  DIAGNOSE_S_MIN,
  decisionsSince,
  FACT_LIMIT_MS,
  HEALED_LIMIT_MS,
  healingOf,
  incidentSince,
  isAtRest,
  ordersSince,
  teach,
  teachTopology,
  topologyOf,
  untilJudged,
  watchOnly,
} from './healing.js';
import { endNeighbour, startNeighbour, topologyWithNeighbour } from './neighbour.js';
import { Rack } from './rack.js';
import { fileserverId } from './raid-transitions.js';
import { holdsHereHealsThere } from './shared-cause.js';
import { inBackground, over, REST, settled, sharedRack, twoPis, until } from './testing.js';

/** Of three outages, in each of which a board is told apart, cycled and verified. */
const OUTAGES_LIMIT_MS = 1_200_000;

beforeAll(async () => {
  const found = inject('rack');
  if ('missing' in found) return;
  const rack = Rack.open(found.id);
  await isAtRest(rack);
  await startNeighbour(rack);
  await teach(rack, DIAGNOSE_S_MIN);
  await teachTopology(rack, topologyWithNeighbour(rack));
}, 3 * BOOT_LIMIT_MS);

afterAll(async () => {
  const found = inject('rack');
  if ('missing' in found) return;
  const rack = Rack.open(found.id);
  await watchOnly(rack);
  await teachTopology(rack, topologyOf(rack.spec));
  await endNeighbour(rack);
});

/**
 * The incident of the fileserver when it tells of this, and of nothing else by the same name; one that is not closed yet, for what
 * was before, tells of it too.
 */
function toldOf(rack: Rack, condition: string, verdict = ''): Promise<IncidentDetail | undefined> {
  const look = () => incidentSince(rack, 'fileserver:fileserver', 0);
  const isTold = (seen?: IncidentDetail) =>
    seen?.state === 'open' && seen.row.includes(condition) && seen.verdict.includes(verdict);
  return until(`its incident tells of ${condition}`, FACT_LIMIT_MS, look, isTold);
}

/** What would risk the disk that is left is refused, and says why. */
async function arrayHolds(rack: Rack): Promise<void> {
  const id = await fileserverId(rack);
  for (const action of [{ kind: 'reboot' }, { kind: 'raid-scrub', array: 'md0', action: 'start' }] as const) {
    const detail = expect.stringContaining('md0: 1 of 2 members missing');
    expect(await settled(rack, id, action)).toMatchObject({ state: 'rejected', detail });
  }
}

async function putDiskBack(rack: Rack): Promise<void> {
  const device = '/dev/$(ls /sys/class/scsi_disk/*:0:1:0/device/block)';
  await rack.run('fileserver', `mdadm -q /dev/md0 --remove failed && mdadm -q /dev/md0 --add ${device}`);
  const mdstat = () => rack.run('fileserver', 'cat /proc/mdstat');
  await until('the array is whole', FACT_LIMIT_MS, mdstat, (seen) => seen.includes('[UU]'));
}

test('a hung Pi, one whose agent alone is dead, and a failed disk: cycled and back, left to serve, held', async ({
  skip,
}) => {
  const rack = sharedRack(skip);
  const [hung, serving] = twoPis(rack);
  const before = [...(await boots(rack)), await bootIdOf(rack, 'fileserver')];
  const sinceMs = Date.now();
  const cycle = `switch cycle swp${hung.port} succeeded`;
  const orders = () => ordersSince(rack, sinceMs);
  await rack.run(serving.name, inBackground(REST, 'rest'));
  await breaks(rack, 'kernel-hang', hung.name);
  await breaks(rack, 'agent-stop', serving.name);
  await breaks(rack, 'disk-fail', 'disk2');
  try {
    expect(await toldOf(rack, 'Raid', 'md0 ')).toMatchObject({ severity: 'critical' });
    await arrayHolds(rack);
    const hands = () => healingOf(rack, serving.name);
    await until('hands are asked for', HEALED_LIMIT_MS, hands, ({ state }) => state === 'await-hands');
    expect(await incidentSince(rack, `node:${serving.name}`, sinceMs)).toMatchObject({
      ...{ row: 'agent-dead', verdict: 'it serves, only its agent is silent' },
    });
    await until('its power was cut and given back', HEALED_LIMIT_MS, orders, (seen) => seen.includes(cycle));
  } finally {
    await breaks(rack, 'agent-start', serving.name);
    await rack.run(serving.name, over('rest'));
    await putDiskBack(rack);
  }
  await rack.ready([hung.name], BOOT_LIMIT_MS);
  await rack.controller.connected(rack.guestNames, BOOT_LIMIT_MS);
  await bramble(rack, 'node', 'repaired', serving.name);
  const well = () => healingOf(rack, hung.name);
  await until('it was well for long enough', HEALED_LIMIT_MS, well, ({ state }) => state === 'probation');
  const incident = await incidentSince(rack, `node:${hung.name}`, sinceMs);
  expect(incident).toMatchObject({ row: 'hung', verdict: 'its kernel or its NFS client hangs' });
  expect(incident?.timeline.map(({ kind, words }) => `${kind}: ${words}`).join('\n')).toContain(
    'nobody reads its root; no boot is under way. switch side: its link is up; it draws power as usual',
  );
  const acts = (await decisionsSince(rack, hung.name, sinceMs)).filter(({ decision }) => decision === 'act');
  expect(acts).toMatchObject([{ rung: 'R4', evidence: expect.stringContaining('reads idle, link up, power normal') }]);
  expect(await bramble(rack, 'why', hung.name)).toContain('R4 was started');
  expect((await orders()).filter((order) => order.startsWith('switch'))).toEqual([cycle]);
  const after = [...(await boots(rack)), await bootIdOf(rack, 'fileserver')];
  expect(after[0]).not.toBe(before[0]);
  expect(after.slice(1)).toEqual(before.slice(1));
});

test('uplink, then fileserver, then switch are dead: nothing is done to their Pis, and who hangs elsewhere is healed', {
  timeout: OUTAGES_LIMIT_MS,
}, async ({ skip }) => {
  const fileserver = {
    cause: 'fileserver:fileserver',
    row: 'fileserver-gone',
    words: 'its fileserver is gone: held by G2',
  };
  const theSwitch = { cause: 'switch:switch', row: 'switch-gone', words: 'its switch is gone: held by G2' };
  await holdsHereHealsThere(sharedRack(skip), [
    { ...fileserver, cables: ['uplink'] },
    { ...fileserver, cables: ['uplink', 'trunk'] },
    { ...theSwitch, cables: ['trunk', 'mgmt'] },
  ]);
});

test('the exports are full, then the NFS server stops: told of the fileserver, and no Pi below it is touched', async ({
  skip,
}) => {
  const rack = sharedRack(skip);
  const before = await boots(rack);
  const sinceMs = Date.now();
  await breaks(rack, 'export-fill');
  try {
    await toldOf(rack, 'ExportFull');
    await breaks(rack, 'nfsd-stop');
    await toldOf(rack, 'NfsServerDown');
    await untilJudged(rack, Date.now());
    expect(await actsSince(rack, sinceMs)).toEqual([]);
    expect((await ordersSince(rack, sinceMs)).filter((order) => order.startsWith('switch'))).toEqual([]);
  } finally {
    await breaks(rack, 'export-empty');
    await breaks(rack, 'nfsd-start');
  }
  await rack.controller.connected(rack.guestNames, FACT_LIMIT_MS);
  expect(await actsSince(rack, sinceMs)).toEqual([]);
  expect(await boots(rack)).toEqual(before);
});
