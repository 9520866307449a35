import { expect, test } from 'vitest';
import { collectOn, values } from '../../kit/testing/collect-on.js';
import { BACKUPS_MAX, makeUpkeepCollector, parseBackupTime } from './upkeep.js';

const ASKER = '/etc/kernel/postinst.d/unattended-upgrades';
const backup = (name: string): string => `/run/bramble/backups/${name}`;

test('packages wait for a reboot', async () => {
  const files = { '/run/reboot-required': '*** System restart required ***\n' };
  expect(values(await collectOn(makeUpkeepCollector(), files).run())).toEqual({ reboot_required_flag: 1 });
});

test('no packages wait where somebody would have said so, and nothing is known where nobody would', async () => {
  expect(values(await collectOn(makeUpkeepCollector(), { [ASKER]: '#!/bin/sh\n' }).run())).toEqual({
    reboot_required_flag: 0,
  });
  expect(await collectOn(makeUpkeepCollector(), {}).run()).toMatchObject({ kind: 'no-data' });
});

test('what lies outside /run is looked up once', async () => {
  let reads = 0;
  const asker = () => {
    reads++;
    return '#!/bin/sh\n';
  };
  const { run } = collectOn(makeUpkeepCollector(), { [ASKER]: asker });
  await run();
  await run();
  expect(reads).toBe(1);
});

test('backups are told by name, and a half-written mark harms no other', async () => {
  const files = {
    [backup('home.daily')]: '1795243000\n',
    [backup('database')]: '1795239400\n',
    [backup('broken')]: '17952',
    [backup('.hidden')]: '1795239400\n',
    [backup('a name with spaces')]: '1795239400\n',
  };
  expect(values(await collectOn(makeUpkeepCollector(), files).run())).toEqual({
    'backup_finished_unix_s database': 1_795_239_400,
    'backup_finished_unix_s home.daily': 1_795_243_000,
  });
});

test('the number of backups has a bound', async () => {
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [backup(`b${i}`), '1795239400\n']));
  expect(Object.keys(values(await collectOn(makeUpkeepCollector(), files).run()))).toHaveLength(BACKUPS_MAX);
});

test.for<[string, number | undefined]>([
  ['1795239400\n', 1_795_239_400],
  ['1795239400', undefined],
  ['1795\n', undefined],
  ['-1795239400\n', undefined],
  ['1795239400.5\n', undefined],
  ['Sat Nov 21 06:50:10 UTC 2026\n', undefined],
  ['', undefined],
])('a mark %j means %s', ([text, want]) => {
  expect(parseBackupTime(text)).toBe(want);
});
