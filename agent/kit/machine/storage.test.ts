import { expect, test } from 'vitest';
import type { ExecResult, RaidOrder } from '../host/ports.js';
import { exited } from '../testing/sim-exec.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { askStorage, changeRaid } from './storage.js';

const never = new AbortController().signal;

/** A machine whose programs answer so, and what they were called with. */
function setUp(answer: ExecResult) {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'fs');
  const calls: string[] = [];
  for (const name of ['mdadm', 'smartctl', 'lvs']) {
    host.board.programs.set(name, (argv) => {
      calls.push(argv.join(' '));
      return answer;
    });
  }
  return { world, host, calls };
}

test.for<[RaidOrder, string]>([
  [{ kind: 'add', array: 'md0', member: 'sda3' }, 'mdadm --manage /dev/md0 --add /dev/sda3'],
  [{ kind: 'remove', array: 'md0', member: 'sda3' }, 'mdadm --manage /dev/md0 --remove /dev/sda3'],
  [
    { kind: 'replace', array: 'md0', member: 'sda3', by: 'sdc3' },
    'mdadm --manage /dev/md0 --replace /dev/sda3 --with /dev/sdc3',
  ],
  [{ kind: 'sync', array: 'md0', action: 'check' }, 'mdadm --action=check /dev/md0'],
])('%j is one call of mdadm', async ([order, want]) => {
  const { world, host, calls } = setUp(exited(0));
  await world.settle(changeRaid(host, order, never));
  expect(calls).toEqual([want]);
});

test('what mdadm refuses is told in its words', async () => {
  const { world, host } = setUp(exited(1, '', 'mdadm: Cannot open /dev/sda3:\n Device or resource busy\n'));
  const order = { kind: 'add', array: 'md0', member: 'sda3' } as const;
  await expect(world.settle(changeRaid(host, order, never))).rejects.toMatchObject({
    code: 'failed-precondition',
    message: 'mdadm: mdadm: Cannot open /dev/sda3: Device or resource busy',
  });
});

test.for(['../sda', '-a', 'sda 3', '', 'sd/a', 'a'.repeat(40)])('%j is no device and calls nothing', async (member) => {
  const { world, host, calls } = setUp(exited(0));
  const order = { kind: 'add', array: 'md0', member } as const;
  await expect(world.settle(changeRaid(host, order, never))).rejects.toMatchObject({ code: 'invalid-argument' });
  expect(calls).toEqual([]);
});

test('smartctl may end with a status that speaks of the disk; silence is a failure', async () => {
  const failing = setUp(exited(24, '{"smartctl":{"exit_status":24}}'));
  const question = { kind: 'smart', disk: 'sda' } as const;
  expect(await failing.world.settle(askStorage(failing.host, question, never))).toContain('exit_status');
  expect(failing.calls).toEqual(['smartctl --json --all --nocheck=standby /dev/sda']);
  const silent = setUp(exited(127, '', 'not found'));
  await expect(silent.world.settle(askStorage(silent.host, question, never))).rejects.toThrow('smart: not found');
  const lvs = setUp(exited(5, '{"report":[]}', 'locked'));
  await expect(lvs.world.settle(askStorage(lvs.host, { kind: 'thin-pools' }, never))).rejects.toThrow('locked');
});
