/** What the fileserver's agent sees of its clients: what each Pi asks of its disk, and how it boots. */

import { expect, test } from 'vitest';
import { breaks } from './faults.js';
import type { Rack } from './rack.js';
import { fileserverId } from './raid-transitions.js';
import { sharedRack, until } from './testing.js';

// Emulated machines on a busy host: generous, because these are about what happens and not about how fast.
const BOOT_LIMIT_MS = 240_000;
/** The agent counts every 30 s. */
const COUNTED_MS = 45_000;

const fileserver = async (rack: Rack) => rack.controller.api.node(await fileserverId(rack));
const idOf = async (rack: Rack, name: string): Promise<string> =>
  (await rack.controller.api.nodes()).find((each) => each.name === name)?.id ?? '';

test('a busy, an idle and a frozen Pi are told apart by what they ask of their disks', async ({ skip }) => {
  const rack = sharedRack(skip);
  const [first, second] = rack.spec.pis;
  if (first === undefined || second === undefined) throw new Error('two Pis are needed');
  const look = async (address: string) => {
    const { facts } = await fileserver(rack);
    const of = (fact: string): number =>
      Number(facts.find((each) => each.fact === fact && each.instance === address)?.value ?? Number.NaN);
    return { asked: of('nfs_client_asked_count'), atS: of('nfs_client_asked_unix_s') };
  };
  const bothAre = async () => ({ first: await look(first.address), second: await look(second.address) });
  await until('both are counted', COUNTED_MS, async () => {
    const { first: one, second: two } = await bothAre();
    return one.asked > 0 && two.asked > 0;
  });
  // One works, one idles: both ask, one much more.
  const load =
    'while :; do echo 3 >/proc/sys/vm/drop_caches; find /usr/bin /lib -type f | head -40 | xargs cat >/dev/null; done';
  await rack.run(first.name, `(${load}) >/dev/null 2>&1 3<&- & echo $! >/tmp/load.pid`);
  const before = await bothAre();
  await until(
    'the idle one was counted',
    2 * COUNTED_MS,
    async () => (await look(second.address)).atS > before.second.atS,
  );
  const idle = await bothAre();
  const askedBy = (pi: 'first' | 'second'): number => idle[pi].asked - before[pi].asked;
  expect(askedBy('second')).toBeGreaterThan(0);
  expect(askedBy('first')).toBeGreaterThan(5 * askedBy('second'));
  // Its processor stands still: whatever the others do, it asks nothing.
  await breaks(rack, 'freeze', second.name);
  try {
    // The first count may still have something from before.
    const { first: then } = await bothAre();
    await until('the busy one was counted', 2 * COUNTED_MS, async () => (await look(first.address)).atS > then.atS);
    const frozen = await bothAre();
    await until('it was counted again', 2 * COUNTED_MS, async () => {
      return (await look(first.address)).atS > frozen.first.atS;
    });
    const later = await bothAre();
    expect(later.second.asked).toBe(frozen.second.asked);
    expect(later.first.asked).toBeGreaterThan(frozen.first.asked);
  } finally {
    await breaks(rack, 'thaw', second.name);
    await rack.run(first.name, 'kill "$(cat /tmp/load.pid)"');
  }
});

test('a boot shows every stage with its time; a missing directory shows as itself', async ({ skip }) => {
  const rack = sharedRack(skip);
  const pi = rack.spec.pis[1];
  if (pi === undefined) throw new Error('two Pis are needed');
  const id = await idOf(rack, pi.name);
  const directory = `/srv/tftp/${pi.serial.slice(-8)}`;
  const boot = () => rack.controller.api.nodeBoot(id);
  await rack.powerOff(pi.name);
  await rack.run('fileserver', `mv ${directory} ${directory}.away`);
  await rack.powerOn(pi.name);
  await until('the missing directory shows', BOOT_LIMIT_MS, async () => (await boot()).state === 'hangs');
  expect((await boot()).board).toMatchObject({ mac: pi.mac, hang: { trouble: 'serial-dir-miss' } });
  await rack.run('fileserver', `mv ${directory}.away ${directory}`);
  await rack.powerOff(pi.name);
  await rack.powerOn(pi.name);
  await until('it is up', BOOT_LIMIT_MS, async () => (await boot()).steps.some(({ stage }) => stage === 'agent-hello'));
  const { steps, board } = await boot();
  expect(board).toMatchObject({ mac: pi.mac, serial: pi.serial.slice(-8), nodeId: id });
  const stages = steps.map(({ stage }) => stage).filter((stage) => stage !== 'verified');
  // Two that came within one look at the log have the same time. A Pi 4 asks for no bootcode.bin.
  const all = ['dhcp-seen', 'serial-dir-hit', 'cmdline-served', 'kernel-served', 'nfs-mounted', 'agent-hello'];
  expect(stages.toSorted()).toEqual(all.toSorted());
  expect(steps.map(({ atMs }) => atMs)).toEqual(steps.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
  await rack.controller.connected([pi.name], BOOT_LIMIT_MS);
});
