import { expect, test } from 'vitest';
import { BootLog } from '../../agent/demo/boot-log.js';
import { planBoot } from '../../agent/demo/network-boot.js';
import { sitePis } from '../../agent/demo/pi-spec.js';
import { collectedLog } from '../../agent/kit/testing/collected-log.js';
import { orderOn } from '../../agent/kit/testing/order-on.js';
import { SIM_ENDPOINT, SIM_PIN, SIM_TOKEN } from '../../agent/kit/testing/sim-controller.js';
import { SimSite } from '../../agent/kit/testing/sim-site.js';
import { seededRandom } from '../../proto/contract/random.js';
import { CommandState } from '../../proto/gen/bramble/agent/v1/command.js';
import { BoardTable } from '../boot/board-table.js';
import { parseBootLine } from '../boot/log-line.js';
import { runDemoFileserver } from './demo-fileserver.js';

const MINUTE_MS = 60_000;
const SEED = 20_261;
const LOG = '/demo/dnsmasq.log';

/** The demo's fileserver against a small controller, in simulated time; its disks are left in peace. */
function setUp() {
  const site = new SimSite();
  const { world, controller, host: real, log } = site;
  const join = { controller: SIM_ENDPOINT, pin: SIM_PIN, token: SIM_TOKEN };
  /** The real log, as far as the agent has not read it. */
  const tail = {
    read: async (_: string, from: { readonly offsetBytes: number } | undefined) => {
      const text = await real.files.readText(LOG);
      if (text === undefined) return undefined;
      const lines = text
        .slice(from?.offsetBytes ?? 0)
        .split('\n')
        .slice(0, -1);
      return { lines, position: { fileId: '1:1', offsetBytes: text.length }, skippedBytes: 0, more: false };
    },
  };
  const options = {
    ...{ pis: 8, seed: SEED, stateDir: '/demo', bootLogFile: LOG, hasTroubles: false, real, join, tail, log },
    tidyMemory: () => undefined,
  };
  const order = orderOn(site);
  const start = () => {
    const stop = new AbortController();
    const ended = runDemoFileserver(options, stop.signal);
    return async (): Promise<void> => {
      stop.abort();
      await world.settle(ended);
    };
  };
  return { world, controller, real, start, order };
}

test('it enrols as a fileserver, and every one of its collectors has something to say', async () => {
  const { world, controller, start } = setUp();
  const end = start();
  await world.runFor(MINUTE_MS);
  const { facts } = controller;
  expect(facts.get('hostname_text')).toBe('demo-fs');
  expect(facts.get('raid_missing_count md0')).toBe(0);
  expect(facts.get('export_size_bytes /export/10.46.0.12')).toBe(8 * 2 ** 30);
  expect(facts.get('thin_pool_failed_flag data/pool')).toBe(0);
  expect(facts.get('smart_health_state sdc')).toBe(1);
  expect(facts.get('nfsd_threads_count')).toBe(8);
  expect(facts.get('vlan_peer_state eth0.12')).toBe(1);
  await end();
});

test('what a Pi does when it boots shows stage by stage', async () => {
  const { world, controller, real, start } = setUp();
  const end = start();
  await world.runFor(MINUTE_MS);
  const [, pi] = sitePis(SEED, 2);
  if (pi === undefined) throw new Error('the site has no second Pi');
  const bootLog = new BootLog(real.files, LOG, collectedLog());
  for (const { afterMs, lines } of planBoot(pi, seededRandom(1))) {
    await world.runFor(afterMs);
    bootLog.write(lines, real.clock.nowMs());
  }
  await world.runFor(3_000);
  const reached = controller.eventsOf('boardBoot').map(({ steps }) => steps.length);
  expect(reached).toEqual([1, 2, 4, 5, 6]); // its directory and its command line come in one look
  expect(controller.facts.get(`board_boot_state ${pi.serial.slice(-8)}`)).toBe(7);
  await end();
});

test('a disk is replaced by order; until its copy is done it does not reboot, afterwards it does', async () => {
  const { world, controller, start, order } = setUp();
  const end = start();
  await world.runFor(MINUTE_MS);
  const replace = { array: 'md0', oldMember: 'sdb', newMember: 'sdc' };
  expect(await order({ $case: 'raidReplace', value: replace })).toBe(CommandState.SUCCEEDED);
  expect(controller.facts.get('raid_member_state md0/sdc')).toBeDefined();
  expect(await order({ $case: 'reboot', value: { despiteArrays: [] } })).toBe(CommandState.REJECTED);
  await world.runFor(20 * MINUTE_MS); // the old disk is out of the array by then, and no check runs
  await order({ $case: 'reboot', value: { despiteArrays: [] } });
  await world.runFor(MINUTE_MS);
  expect(controller.eventsOf('bootObserved')).toHaveLength(2);
  await end();
});

test('the same disks are there after the demo was ended and started again', async () => {
  const { world, controller, start, order } = setUp();
  const first = start();
  await world.runFor(MINUTE_MS);
  await order({ $case: 'raidReplace', value: { array: 'md0', oldMember: 'sda', newMember: 'sdc' } });
  await world.runFor(2 * MINUTE_MS);
  await first();
  controller.facts.clear();
  const second = start();
  await world.runFor(MINUTE_MS);
  expect(controller.facts.get('raid_sync_permille md0')).toBeGreaterThan(150);
  await second();
});

test('every board of the roster boots in the order that its agent knows, and none of them hangs', () => {
  for (const pi of sitePis(SEED, 16)) {
    const table = new BoardTable();
    for (const { lines } of planBoot(pi, seededRandom(3))) {
      for (const { program, text } of lines) {
        const line = parseBootLine(`Nov 21 11:53:02 ${program}[812]: ${text}`)?.line;
        if (line !== undefined) table.take(line, 0);
      }
    }
    const stages = Object.keys(table.records()[0]?.stagesMs ?? {});
    if (pi.card !== undefined) expect(stages).toEqual([]);
    else
      expect(stages).toEqual(expect.arrayContaining(['dhcp-seen', 'serial-dir-hit', 'kernel-served', 'nfs-mounted']));
  }
});
