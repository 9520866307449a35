/** A rack that heals by itself: real faults, the controller's own decisions, and what its switch really does about them. */

import { beforeEach, expect, inject, test } from 'vitest';
import type { CommandView } from '../../proto/contract/api/fleet.js';
import { breaks } from './faults.js';
import {
  bramble,
  DIAGNOSE_S_MIN,
  decisionsSince,
  healingOf,
  incidentSince,
  OVER,
  ordersSince,
  teach,
} from './healing.js';
import { Rack } from './rack.js';
import { fileserverId } from './raid-transitions.js';
import { inBackground, nodeNamed, over, REST, sharedRack, twoPis, until } from './testing.js';

// Emulated machines on a busy host: generous, because these are about what happens and not about how fast.
const BOOT_LIMIT_MS = 300_000;
const FACT_LIMIT_MS = 240_000;
const CLOSED_LIMIT_MS = 300_000;
/** From the fault to the last order: silent, looked at, judged, acted. */
const HEALED_LIMIT_MS = 480_000;
const COMMAND_LIMIT_MS = 120_000;
/** A board that fell silent is judged within this. */
const JUDGED_MS = 1_000 * (DIAGNOSE_S_MIN + 60);

const bootIdOf = (rack: Rack, name: string): Promise<string> =>
  rack.run(name, 'cat /proc/sys/kernel/random/boot_id', FACT_LIMIT_MS);

beforeEach(async () => {
  const found = inject('rack');
  if ('missing' in found) return;
  const rack = Rack.open(found.id);
  await rack.ready(rack.guestNames, BOOT_LIMIT_MS);
  await rack.controller.connected(rack.guestNames, BOOT_LIMIT_MS);
  // Nobody below a fileserver that has just started is judged.
  await until(
    'the NFS server lets everybody in',
    BOOT_LIMIT_MS,
    () => nodeNamed(rack, 'fileserver'),
    ({ conditions }) => !conditions.some(({ type, status }) => type === 'NfsServerGrace' && status === 'true'),
  );
}, 3 * BOOT_LIMIT_MS);

/** Which boot each Pi is in. */
async function boots(rack: Rack): Promise<readonly string[]> {
  return await Promise.all(rack.spec.pis.map(({ name }) => bootIdOf(rack, name)));
}

const untilClosed = (rack: Rack, cause: string, sinceMs: number) =>
  until(
    `the incident of ${cause} is closed`,
    CLOSED_LIMIT_MS,
    () => incidentSince(rack, cause, sinceMs),
    (incident) => incident?.state === 'closed',
  );

const untilOpened = (rack: Rack, cause: string, sinceMs: number, row: string) =>
  until(
    `there is an incident of ${cause} by ${row}`,
    FACT_LIMIT_MS,
    () => incidentSince(rack, cause, sinceMs),
    (incident) => incident?.row.includes(row) === true,
  );

/** The controller has looked for long enough to have judged every Pi, as though nothing but itself were to blame. */
const untilJudged = (rack: Rack, sinceMs: number) =>
  until(
    'every Pi could have been judged',
    FACT_LIMIT_MS,
    () => rack.controller.api.healing.status(),
    ({ lastPassAtMs = 0 }) => lastPassAtMs > sinceMs + JUDGED_MS,
  );

async function noDecisionActs(rack: Rack, sinceMs: number): Promise<void> {
  for (const { name } of rack.spec.pis) {
    const acts = (await decisionsSince(rack, name, sinceMs)).filter(({ decision }) =>
      ['act', 'hands'].includes(decision),
    );
    expect(acts.map(({ words }) => words)).toEqual([]);
  }
}

/** Long enough for a fileserver to see that who is silent asks for nothing either. */
const DIAGNOSE_S = 120;

test('a hung Pi: seen by three sides, its boot path is looked at, its switch cuts its power, and it is back', async ({
  skip,
}) => {
  const rack = sharedRack(skip);
  const [pi, other] = twoPis(rack);
  await teach(rack, DIAGNOSE_S);
  const before = await boots(rack);
  const sinceMs = Date.now();
  await breaks(rack, 'kernel-hang', pi.name);
  const cycle = `switch cycle swp${pi.port} succeeded`;
  const orders = () => ordersSince(rack, sinceMs);
  await until('its power was cut and given back', HEALED_LIMIT_MS, orders, (seen) => seen.includes(cycle));
  await rack.ready([pi.name], BOOT_LIMIT_MS);
  await rack.controller.connected([pi.name], BOOT_LIMIT_MS);
  const incident = await untilClosed(rack, `node:${pi.name}`, sinceMs);
  expect(incident).toMatchObject({ row: 'hung', verdict: 'its kernel or its NFS client hangs' });
  const told = incident?.timeline.map(({ kind, words }) => `${kind}: ${words}`).join('\n');
  expect(told).toContain(
    'nobody reads its root; no boot is under way. switch side: its link is up; it draws power as usual',
  );
  expect((await orders()).filter((order) => order.startsWith('switch'))).toEqual([cycle]);
  const after = await boots(rack);
  expect(after[0]).not.toBe(before[0]);
  expect(after.slice(1)).toEqual(before.slice(1));
  expect(await decisionsSince(rack, other.name, sinceMs)).toEqual([]);
});

test('only the agent of a Pi ends: it still serves, so nobody cuts its power; somebody is asked to look', async ({
  skip,
}) => {
  const rack = sharedRack(skip);
  const [, pi] = twoPis(rack);
  await teach(rack, DIAGNOSE_S);
  const before = await boots(rack);
  const sinceMs = Date.now();
  await rack.run(pi.name, inBackground(REST, 'rest'));
  await breaks(rack, 'agent-stop', pi.name);
  try {
    const look = () => healingOf(rack, pi.name);
    await until('hands are asked for', HEALED_LIMIT_MS, look, ({ state }) => state === 'await-hands');
    const incident = await incidentSince(rack, `node:${pi.name}`, sinceMs);
    expect(incident).toMatchObject({ row: 'agent-dead', verdict: 'it serves, only its agent is silent' });
    // Its root is none of ours: there is no mailbox in it.
    expect((await ordersSince(rack, sinceMs)).filter((order) => !order.startsWith('root-mailbox'))).toEqual([]);
  } finally {
    await breaks(rack, 'agent-start', pi.name);
    await rack.run(pi.name, over('rest'));
  }
  await rack.controller.connected([pi.name], BOOT_LIMIT_MS);
  await bramble(rack, 'node', 'repaired', pi.name);
  await untilClosed(rack, `node:${pi.name}`, sinceMs);
  expect(await boots(rack)).toEqual(before);
});

test('the NFS server stops: told of the fileserver, and no Pi below it is touched', async ({ skip }) => {
  const rack = sharedRack(skip);
  await teach(rack, DIAGNOSE_S_MIN);
  const before = await boots(rack);
  const sinceMs = Date.now();
  await breaks(rack, 'nfsd-stop');
  try {
    const incident = await untilOpened(rack, 'fileserver:fileserver', sinceMs, '');
    expect(incident?.verdict).toContain('NFS');
    await untilJudged(rack, sinceMs);
    await noDecisionActs(rack, sinceMs);
    expect((await ordersSince(rack, sinceMs)).filter((order) => order.startsWith('switch'))).toEqual([]);
  } finally {
    await breaks(rack, 'nfsd-start');
  }
  await rack.controller.connected(rack.guestNames, FACT_LIMIT_MS);
  await untilClosed(rack, 'fileserver:fileserver', sinceMs);
  expect(await boots(rack)).toEqual(before);
});

test('the switch is gone: its Pis are out of sight with it, and nothing is done to them', async ({ skip }) => {
  const rack = sharedRack(skip);
  await teach(rack, DIAGNOSE_S_MIN);
  const before = await boots(rack);
  const sinceMs = Date.now();
  const cables = ['trunk', 'mgmt'];
  for (const cable of cables) await breaks(rack, 'cable-cut', cable);
  try {
    await untilOpened(rack, 'switch:switch', sinceMs, 'switch-gone');
    await untilJudged(rack, sinceMs);
    await noDecisionActs(rack, sinceMs);
    expect(await ordersSince(rack, sinceMs)).toEqual([]);
  } finally {
    for (const cable of cables) await breaks(rack, 'cable-mend', cable);
  }
  await rack.controller.connected(rack.guestNames, FACT_LIMIT_MS);
  await untilClosed(rack, 'switch:switch', sinceMs);
  expect(await boots(rack)).toEqual(before);
});

test('the uplink of the fileserver is cut: its Pis are out of sight with it, and nothing is done to them', async ({
  skip,
}) => {
  const rack = sharedRack(skip);
  await teach(rack, DIAGNOSE_S_MIN);
  const before = await boots(rack);
  const sinceMs = Date.now();
  await breaks(rack, 'cable-cut', 'uplink');
  try {
    await untilOpened(rack, 'fileserver:fileserver', sinceMs, 'fileserver-gone');
    await untilJudged(rack, sinceMs);
    await noDecisionActs(rack, sinceMs);
    for (const { name } of rack.spec.pis) {
      expect((await healingOf(rack, name)).state).toBe('held-by-cause');
      expect(await bramble(rack, 'why', name)).toContain('its fileserver is gone: held by G2');
    }
    const incident = await incidentSince(rack, 'fileserver:fileserver', sinceMs);
    expect(incident?.members.map(({ name }) => name).toSorted()).toEqual(rack.spec.pis.map(({ name }) => name));
    expect(await ordersSince(rack, sinceMs)).toEqual([]);
  } finally {
    await breaks(rack, 'cable-mend', 'uplink');
  }
  await rack.controller.connected(rack.guestNames, FACT_LIMIT_MS);
  await untilClosed(rack, 'fileserver:fileserver', sinceMs);
  expect(await boots(rack)).toEqual(before);
  expect(await ordersSince(rack, sinceMs)).toEqual([]);
});

test('a disk of the array fails: what would risk the other one is refused, and told, until it is whole', async ({
  skip,
}) => {
  const rack = sharedRack(skip);
  await teach(rack, DIAGNOSE_S_MIN);
  const id = await fileserverId(rack);
  const before = await bootIdOf(rack, 'fileserver');
  const sinceMs = Date.now();
  await breaks(rack, 'disk-fail', 'disk2');
  try {
    const incident = await untilOpened(rack, 'fileserver:fileserver', sinceMs, 'Raid');
    expect(incident).toMatchObject({ severity: 'critical', verdict: expect.stringContaining('md0') });
    const array = 'md0';
    for (const action of [{ kind: 'reboot' }, { kind: 'raid-scrub', array, action: 'start' }] as const) {
      const refused = await settled(rack, id, action);
      expect(refused).toMatchObject({
        state: 'rejected',
        detail: expect.stringContaining('md0: 1 of 2 members missing'),
      });
    }
    expect(await ordersSince(rack, sinceMs)).toHaveLength(2);
  } finally {
    const device = '/dev/$(ls /sys/class/scsi_disk/*:0:1:0/device/block)';
    await rack.run('fileserver', `mdadm -q /dev/md0 --remove failed && mdadm -q /dev/md0 --add ${device}`);
  }
  const mdstat = () => rack.run('fileserver', 'cat /proc/mdstat');
  await until('it is whole', FACT_LIMIT_MS, mdstat, (seen) => seen.includes('[UU]'));
  await untilClosed(rack, 'fileserver:fileserver', sinceMs);
  expect(await bootIdOf(rack, 'fileserver')).toBe(before);
});

type Order = Parameters<Rack['controller']['api']['issueCommand']>[1]['action'];

async function settled(rack: Rack, nodeId: string, action: Order): Promise<CommandView> {
  const { api } = rack.controller;
  const { id } = await api.issueCommand(nodeId, { action, reason: 'a test of what holds it', validForMs: 60_000 });
  const look = () => api.command(id);
  return await until('the order is settled', COMMAND_LIMIT_MS, look, ({ state }) => OVER.includes(state));
}
