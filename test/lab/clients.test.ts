/** What the fileserver's agent sees of its clients: what each Pi asks of its disk, and how it boots. */

import { expect, test } from 'vitest';
import { breaks } from './faults.js';
import type { Rack } from './rack.js';
import { fileserverId } from './raid-transitions.js';
import type { PiSpec } from './spec.js';
import { inBackground, nodeNamed, over, REST, sharedRack, twoPis, until } from './testing.js';

// Emulated machines on a busy host: generous, because these are about what happens and not about how fast.
const BOOT_LIMIT_MS = 300_000;
/** The agent counts every 30 s; the first time it only begins to. */
const COUNTED_MS = 240_000;
/** Several times as long as the system at rest leaves its disk alone here. */
const STILL_S = 40;

interface Asked {
  readonly count: number;
  /** When it last asked, Unix time, s. */
  readonly atS: number;
}

/** What the fileserver's agent tells of this client; NaN = nothing. */
async function askedBy(rack: Rack, { address }: PiSpec): Promise<Asked> {
  const { facts } = await rack.controller.api.node(await fileserverId(rack));
  const of = (fact: string): number =>
    Number(facts.find((each) => each.fact === fact && each.instance === address)?.value ?? Number.NaN);
  return { count: of('nfs_client_asked_count'), atS: of('nfs_client_asked_unix_s') };
}

/** Reads what it cannot keep, again and again. */
const WORK =
  'while :; do echo 3 >/proc/sys/vm/drop_caches; find /usr/bin /lib -type f | head -40 | xargs cat >/dev/null; done';
test('a busy, an idle and a frozen Pi are told apart by what they ask of their disks', async ({ skip }) => {
  const rack = sharedRack(skip);
  const [busy, idle] = twoPis(rack);
  await rack.controller.connected(rack.guestNames, BOOT_LIMIT_MS);
  const look = async () => ({ busy: await askedBy(rack, busy), idle: await askedBy(rack, idle) });
  const before = await until(
    'both are counted',
    COUNTED_MS,
    look,
    (seen) => seen.busy.count > 0 && seen.idle.count > 0,
  );
  await rack.run(busy.name, inBackground(WORK, 'work'));
  await rack.run(idle.name, inBackground(REST, 'rest'));
  try {
    const then = await until('both have asked, one of them much more', COUNTED_MS, look, (seen) => {
      const [worked, rested] = [seen.busy.count - before.busy.count, seen.idle.count - before.idle.count];
      return seen.idle.atS > before.idle.atS + 10 && worked > 500 && worked > 5 * rested;
    });
    // Its processor stands still: whatever the other does, it asks nothing.
    await breaks(rack, 'freeze', idle.name);
    const frozen = await until('only one goes on asking', COUNTED_MS, look, (seen) => {
      return seen.busy.atS > seen.idle.atS + STILL_S;
    });
    expect(frozen.busy.count).toBeGreaterThan(then.busy.count);
  } finally {
    await breaks(rack, 'thaw', idle.name);
    await rack.run(busy.name, over('work'));
    await rack.run(idle.name, over('rest'));
  }
});

/** Of a board that asks for its first boot code. */
const STAGES = [
  'power-on',
  'dhcp-seen',
  'bootcode-served',
  'serial-dir-hit',
  'cmdline-served',
  'kernel-served',
  'nfs-mounted',
  'agent-hello',
  'verified',
];

test('a wrong serial directory shows as itself; put right, a power cycle by the switch shows every stage', async ({
  skip,
}) => {
  const rack = sharedRack(skip);
  const [, pi] = twoPis(rack);
  const { id } = await nodeNamed(rack, pi.name);
  const boot = () => rack.controller.api.nodeBoot(id);
  const directory = `/srv/tftp/${pi.serial.slice(-8)}`;
  await rack.powerOff(pi.name);
  await rack.run('fileserver', `mv ${directory} ${directory}.away`);
  try {
    await rack.powerOn(pi.name);
    const hang = await until('it hangs', BOOT_LIMIT_MS, boot, ({ state }) => state === 'hangs');
    expect(hang.board).toMatchObject({ mac: pi.mac, nodeId: id, hang: { trouble: 'serial-dir-miss' } });
  } finally {
    await rack.run('fileserver', `mv ${directory}.away ${directory}`);
  }
  await powerCycle(rack, pi);
  const up = await until('every stage is there', BOOT_LIMIT_MS, boot, ({ steps }) => steps.length >= STAGES.length);
  expect(up.board).toMatchObject({ mac: pi.mac, serial: pi.serial.slice(-8), nodeId: id });
  expect(up.state).toBe('up');
  // What came within one look at the log has the same time, and its place by the order of the stages.
  expect(up.steps.map(({ stage }) => stage).toSorted()).toEqual(STAGES.toSorted());
  expect(up.steps.map(({ stage }) => stage).slice(0, 2)).toEqual(['power-on', 'dhcp-seen']);
  expect(up.steps.map(({ stage }) => stage).slice(-3)).toEqual(['nfs-mounted', 'agent-hello', 'verified']);
  await rack.controller.connected([pi.name], BOOT_LIMIT_MS);
});

/** By a command to the switch, whose agent has the power strip do it. */
async function powerCycle(rack: Rack, { port }: PiSpec): Promise<void> {
  const { id } = await nodeNamed(rack, 'switch');
  const action = { kind: 'switch-power', port: `swp${port}`, action: 'cycle', offMs: 15_000, bootLeaseId: '' } as const;
  const { id: commandId } = await rack.controller.api.issueCommand(id, {
    action,
    reason: 'a test of its boot',
    validForMs: 120_000,
  });
  const settled = await until(
    'the switch has cycled the power',
    120_000,
    () => rack.controller.api.command(commandId),
    ({ state }) => ['succeeded', 'failed', 'rejected', 'unknown', 'lapsed'].includes(state),
  );
  expect(settled).toMatchObject({ state: 'succeeded' });
}
