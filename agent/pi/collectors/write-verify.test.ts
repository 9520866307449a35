import fc from 'fast-check';
import { expect, test } from 'vitest';
import { collectOn, values } from '../../kit/testing/collect-on.js';
import { makeSimHost } from '../../kit/testing/sim-host.js';
import { SimWorld } from '../../kit/testing/sim-world.js';
import { judgeNonces, makeWriteVerifyCollector, type Nonce, parseNonce, renderNonce } from './write-verify.js';

const STATE_DIR = '/var/lib/bramble-agent';
const MOUNTS = '22 1 179:2 / / rw,noatime - ext4 /dev/mmcblk0p2 rw\n30 22 179:1 / /boot rw - vfat /dev/mmcblk0p1 rw\n';
const FILES = [`${STATE_DIR}/verify-first`, `${STATE_DIR}/verify-second`] as const;

/** A Pi that may lose its power; its card keeps what was synced, unless a test damages it. */
function pi(mounts = MOUNTS) {
  const world = new SimWorld(1);
  let host = makeSimHost(world, 'pi', { kernel: { '/proc/self/mountinfo': mounts } });
  let boots = 1;
  return {
    disk: host.board.disk,
    /** What the agent says in this boot, or in the next one. */
    async look(when: 'now' | 'after a power cycle' = 'now') {
      if (when === 'after a power cycle') {
        boots += 1;
        host.crash('power');
        host = host.restart();
      }
      const options = { files: host.files, stateDir: STATE_DIR, bootId: `boot-${boots}` };
      const { run } = collectOn(makeWriteVerifyCollector(options), { '/proc/self/mountinfo': mounts });
      return values(await world.settle(run()));
    },
  };
}

const told = (state: number, sequence: number) => ({
  'card_verify_state mmcblk0': state,
  'card_verify_sequence_count mmcblk0': sequence,
});

test('a card is verified once the power was away', async () => {
  const { look } = pi();
  expect(await look()).toEqual(told(3, 1));
  expect(await look()).toEqual(told(3, 2));
  expect(await look('after a power cycle')).toEqual(told(1, 3));
  expect(await look()).toEqual(told(1, 4));
});

test('a card that lost the first of the two files has lied, and that stands for the boot', async () => {
  const { look, disk } = pi();
  await look();
  disk.plant(FILES[0], new TextEncoder().encode(renderNonce({ sequence: 7, bootId: 'boot-1', state: 3 })));
  disk.plant(FILES[1], new TextEncoder().encode(renderNonce({ sequence: 8, bootId: 'boot-1', state: 3 })));
  expect(await look('after a power cycle')).toEqual(told(2, 9));
  expect(await look()).toEqual(told(2, 10));
  expect(await look('after a power cycle')).toEqual(told(1, 11));
});

test('a card that gives back something else has lied', async () => {
  const { look, disk } = pi();
  await look();
  const text = renderNonce({ sequence: 1, bootId: 'boot-1', state: 3 });
  disk.plant(FILES[1], new TextEncoder().encode(`${text.slice(0, 9_000)}0000${text.slice(9_004)}`));
  expect(await look('after a power cycle')).toMatchObject({ 'card_verify_state mmcblk0': 2 });
});

test.for<[string, string]>([
  ['on NFS', '22 1 0:50 / / rw - nfs4 10.46.1.1:/roots/pi rw\n'],
  ['in memory', '22 1 0:20 / / rw - tmpfs tmpfs rw\n'],
])('a state %s is nothing to verify', async ([, mounts]) => {
  await expect(pi(mounts).look()).rejects.toThrow('on no card or disk of its own');
});

test.for<[string, string]>([
  ['/dev/nvme0n1p2', 'nvme0n1'],
  ['/dev/sda', 'sda'],
  ['/dev/sdb12', 'sdb'],
  ['/dev/mmcblk1', 'mmcblk1'],
])('%s is a part of %s', async ([source, device]) => {
  const facts = await pi(`22 1 8:1 / / rw - ext4 ${source} rw\n`).look();
  expect(facts[`card_verify_state ${device}`]).toBe(3);
});

const nonce = fc.record({
  sequence: fc.integer({ min: 1, max: 1_000 }),
  bootId: fc.string(),
  state: fc.constantFrom(1, 2, 3),
}) as fc.Arbitrary<Nonce>; // the states are those of the contract

test('property: a record comes back as it was written, and no cut of it is one', () => {
  fc.assert(
    fc.property(nonce, fc.nat(30_000), (written, cut) => {
      const text = renderNonce(written);
      expect(parseNonce(text)).toEqual(written);
      if (cut < text.length) expect(parseNonce(text.slice(0, cut))).toBeUndefined();
    }),
  );
});

test('property: wherever the power goes, an honest card is never accused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.boolean(), (sequence, isBetween) => {
      const first: Nonce = { sequence, bootId: 'a', state: 1 };
      const before = { ...first, sequence: sequence - 1 };
      const second = isBetween ? (before.sequence === 0 ? 'absent' : before) : first;
      expect(judgeNonces(first, second)).toBe(1);
    }),
  );
});
