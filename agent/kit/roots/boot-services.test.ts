import { expect, test } from 'vitest';
import type { Exec } from '../host/ports.js';
import { makeProgramBootServices } from './boot-services.js';

const { signal } = new AbortController();
const LINE = {
  path: '/export/10.46.189.2',
  address: '10.46.189.2',
  fsid: '0b5d0c1e-0000-4000-8000-000000000001',
  access: 'rw',
  mountPoint: undefined,
} as const;
/** As nfs-utils 2.6.2 lists it: what the link in /export led to. */
const TARGET = '/srv/bramble/roots/aa000001/gen-1/root';
const LISTED =
  '/srv/bramble/roots/aa000001/gen-1/root  10.46.189.2(sync,wdelay,hide,no_subtree_check,sec=sys,rw,secure,no_root_squash)\n';

/** Programs that end as they are told to, the others well; and what was run. */
function setUp(
  ends: Readonly<Record<string, { readonly status?: number; readonly out?: string; readonly err?: string }>>,
) {
  const ran: string[] = [];
  const exec: Exec = {
    run: async (argv) => {
      const words = argv.join(' ');
      ran.push(words);
      const all: typeof ends = { ...ends, realpath: { out: `${TARGET}\n` } };
      const [, end] = Object.entries(all).find(([start]) => words.startsWith(start)) ?? [];
      return { status: end?.status ?? 0, stdout: end?.out ?? '', stderr: end?.err ?? '' };
    },
  };
  const { probeMount } = makeProgramBootServices(exec, { conf: '/c', pid: '/p' });
  return { ran, probe: () => probeMount(LINE, '/srv/bramble/boot/probe', signal) };
}

test('an export is tried by mounting it here, read-only and for a moment', async () => {
  const { ran, probe } = setUp({ 'exportfs -s': { out: LISTED } });
  expect(await probe()).toBeUndefined();
  const [, ...after] = ran;
  expect(after.map((words) => words.split(' ')[0])).toEqual(['exportfs', 'exportfs', 'mount', 'umount', 'exportfs']);
  expect(after[1]).toBe(`exportfs -o ro,root_squash,no_subtree_check,fsid=${LINE.fsid} 127.0.0.1:${TARGET}`);
  expect(after[2]).toMatch(
    / -o ro,nosuid,nodev,noexec,.* 127\.0\.0\.1:\/export\/10\.46\.189\.2 \/srv\/bramble\/boot\/probe$/,
  );
  expect(after[4]).toBe(`exportfs -u 127.0.0.1:${TARGET}`);
});

test('what is not exported to the board, or to somebody else only, is not mounted', async () => {
  for (const out of [
    '',
    LISTED.replaceAll('10.46.189.2(', '10.46.189.6('),
    LISTED.replace('gen-1/root ', 'gen-2/root '),
  ]) {
    const { ran, probe } = setUp({ 'exportfs -s': { out } });
    expect(await probe()).toBe('it is not exported to 10.46.189.2');
    expect(ran).toHaveLength(2);
  }
});

test('a mount that fails is told in the words of the program, and the export here is taken back', async () => {
  const mount = { status: 32, err: 'mount.nfs: Connection refused\n' };
  const { ran, probe } = setUp({ 'exportfs -s': { out: LISTED }, mount });
  expect(await probe()).toBe('mount.nfs: Connection refused');
  expect(ran.at(-1)).toBe(`exportfs -u 127.0.0.1:${TARGET}`);
});
