import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { NOW_MS, nodeDetail } from '../web/testing/fixtures.js';
import { CliBench } from './testing/bench.js';

let bench: CliBench;

beforeEach(async () => {
  bench = await CliBench.start(await mkdtemp(join(tmpdir(), 'bramble-cli-')));
});
afterEach(() => bench.close());

test('backup says where it is, and copies it to a new folder', async () => {
  const copies: string[] = [];
  const copyFolder = async (from: string, to: string): Promise<void> => {
    copies.push(`${from} ${to}`);
  };
  const { code, out } = await bench.run(['backup', '/mnt/usb/b', '-o', 'json'], { copyFolder });
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ path: '/mnt/usb/b', withKeys: true });
  expect(copies).toEqual(['/data/backups/bramble-20261120T120000000Z /mnt/usb/b']);
  expect((await bench.run(['backup', '--without-keys', '-o', 'json'])).out).toContain('"withKeys": false');
  expect((await bench.run(['backup', '/mnt/usb/b'], { exists: () => true })).code).toBe(5);
});

test('a dry run of a backup asks for none', async () => {
  const { code, out } = await bench.run(['backup', '--dry-run']);
  expect([code, out]).toEqual([0, 'a backup with the keys of the fleet would be made\n']);
  expect(await bench.options.store.reader.eventsNewest(undefined, { limit: 10 })).toEqual([]);
});

test('restore runs the controller beside it, once the data directory was typed twice', async () => {
  const asked: (readonly string[])[] = [];
  const runController = async (args: readonly string[]) => {
    asked.push(args);
    return { exitCode: 0, out: '{}' };
  };
  const unconfirmed = await bench.run(['restore', 'b', '--data', '/d'], { runController });
  expect([unconfirmed.code, unconfirmed.out]).toEqual([6, '']);
  expect(unconfirmed.err).toContain('--confirm=/d');
  expect(asked).toEqual([]);
  const done = await bench.run(['restore', 'b', '--data', '/d', '--confirm', '/d'], { runController });
  expect([done.code, asked]).toEqual([0, [['--data', '/d', '--restore', 'b']]]);
  expect(done.out).toContain('bramble promote');
});

test('promote wants the name of the machine, and says at which epoch commands go on', async () => {
  const refused = await bench.run(['promote', '--reason', 'the disk died']);
  expect([refused.code, refused.out]).toEqual([6, '']);
  expect(refused.err).toContain('--confirm=controller.example');
  const { code, out } = await bench.run(['promote', '--reason', 'x', '--confirm', 'controller.example']);
  expect([code, out]).toEqual([0, 'Commands go out again, at epoch 5 (before: 4). They were held because restored.\n']);
});

test('why says the answer first, then what it rests on, the worst and oldest before the rest', async () => {
  const trouble = (type: string, severity: 'warning' | 'error', sinceMs: number) =>
    ({ type, instance: '', status: 'true', severity, message: `${type} it is`, remedy: 'repair it', sinceMs }) as const;
  const conditions = [
    trouble('Late', 'warning', NOW_MS - 90_000),
    trouble('Newer', 'error', NOW_MS - 1_000),
    trouble('Older', 'error', NOW_MS - 3_600_000),
  ];
  bench.options.fleet.putNode(nodeDetail({ state: 'troubled', why: 'the card is dying', conditions }));
  const { code, out } = await bench.run(['why', 'pi-01']);
  expect(code).toBe(0);
  expect(out.split('\n')[0]).toBe('pi-01 is troubled: the card is dying');
  expect([...out.matchAll(/(Older|Newer|Late), since/g)].map(([, name]) => name)).toEqual(['Older', 'Newer', 'Late']);
  expect(out).toContain('what to do  repair it');
  expect(JSON.parse((await bench.run(['why', 'pi-01', '-o', 'json'])).out)).toMatchObject({ node: { name: 'pi-01' } });
  expect((await bench.run(['why', 'nobody'])).code).toBe(3);
});

test('text of a node is inert in why', async () => {
  bench.options.fleet.putNode(nodeDetail({ name: 'pi\u001b[2J\u202e', why: 'a\nb' }));
  const { out } = await bench.run(['why', nodeDetail().id]);
  expect(out.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
});

test('top shows what the controller lists, in its order, and asks for no more', async () => {
  bench.options.fleet.loadList.push(
    {
      ...{ id: 'n-0000000000002', name: 'pi-02', site: 'cam', state: 'ready' },
      ...{ cpuBusyPermille: 204, memoryUsedPermille: 400, temperatureMillidegrees: 80_400 },
    },
    { id: 'n-0000000000004', name: 'p\u0456-04', site: 'cam', state: 'troubled' },
    { id: 'n-0000000000005', name: 'pi-05', site: 'cam', state: 'ready' },
  );
  const { code, out } = await bench.run(['top', '-l', '2']);
  expect(code).toBe(0);
  expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['NAME', 'SITE', 'STATE', 'CPU', 'MEMORY', 'TEMPERATURE'],
    ['pi-02', 'cam', 'ready', '20 %', '40 %', '80 °C'],
    ['p\u0456-04 (not ASCII: U+0456)', 'cam', 'troubled', '-', '-', '-'],
    [''],
  ]);
});

test('-w shows it again until it is interrupted', async () => {
  const interrupt = new AbortController();
  let sleeps = 0;
  const sleep = async (): Promise<void> => {
    sleeps += 1;
    if (sleeps < 3) return;
    interrupt.abort();
    throw new BrambleError('cancelled', 'interrupted');
  };
  const { code, out } = await bench.run(['get', 'nodes', '-w', '-o', 'name'], { sleep }, interrupt.signal);
  expect([code, out]).toEqual([130, 'node/pi-01\n'.repeat(3)]);
});
