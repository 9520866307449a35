import { expect, test } from 'vitest';
import type { ConditionView } from '../../proto/contract/api/fleet.js';
import { nodeDetail, nodeView } from './fleet-view.js';
import { FakeAgent, healthyFacts, id, TestFleet } from './testing/fleet.js';

async function start(): Promise<{ fleet: TestFleet; agent: FakeAgent; told: () => readonly ConditionView[] }> {
  const fleet = await TestFleet.start();
  const agent = await fleet.connect(new FakeAgent(1));
  const told = (): readonly ConditionView[] => {
    const entry = fleet.core.nodes.get(id(1));
    if (entry === undefined) throw new Error('no such node');
    return nodeView(entry).conditions;
  };
  return { fleet, agent, told };
}

const lines = (view: readonly ConditionView[]): readonly string[] =>
  view.map(({ severity, type, message }) => `${severity} ${type}: ${message}`);

const LOG = { kernel_log_lines_count: 500 };

test('a card that is written to death: the cause is named first, and its consequences name it', async () => {
  const { agent, told } = await start();
  agent.report(healthyFacts({ ...LOG, 'disk_saturated_permille mmcblk0': 0 }));
  expect(told()).toEqual([]);
  agent.report(
    healthyFacts({
      ...LOG,
      'disk_saturated_permille mmcblk0': 340,
      'kernel_log_matches_count card-timeout': 2,
      'kernel_log_matches_count card-reset': 1,
      'filesystem_read_only_flag /': 1,
    }),
  );
  const saturated =
    'mmcblk0 was given more to write than it can take for 34.0 % of the last 10 min; it may look like a dead card';
  expect(lines(told())).toEqual([
    `warning StorageSaturated: ${saturated}`,
    `error FilesystemReadOnly: / is mounted read-only; likely because ${saturated}`,
    'error CardFailing: 3 lines of the kernel’s log within 1 h: the SD card did not answer in time; the kernel had to reset ' +
      `the SD card; likely because ${saturated}`,
  ]);
  expect(told()[0]?.remedy).toMatch(/^Find who writes/);
  expect(told()[2]?.remedy).toMatch(/^When its writes were saturated or the voltage was low, mend that first/);
});

test('a card that fails by itself is its own cause', async () => {
  const { agent, told } = await start();
  agent.report(healthyFacts(LOG));
  agent.report(healthyFacts({ ...LOG, 'kernel_log_matches_count card-no-answer': 4 }));
  expect(lines(told())).toEqual([
    'error CardFailing: 4 lines of the kernel’s log within 1 h: the SD card did not answer a command',
  ]);
});

test('low voltage explains a link that flaps', async () => {
  const { agent, told } = await start();
  agent.report(healthyFacts({ 'network_carrier_changes_count eth0': 2 }));
  agent.report(healthyFacts({ 'network_carrier_changes_count eth0': 9, power_undervoltage_flag: 1 }));
  expect(lines(told())).toEqual([
    'error Undervoltage: the supply voltage is too low (below about 4.63 V) now',
    'warning LinkFlapping: eth0 lost and found its link 7 times within 5 min; likely because the supply voltage is too low ' +
      '(below about 4.63 V) now',
  ]);
});

test('a node with nothing but what is worth knowing is ready, and says it', async () => {
  const { fleet, agent } = await start();
  agent.report(healthyFacts({ reboot_required_flag: 1 }));
  const entry = fleet.core.nodes.get(id(1));
  if (entry === undefined) throw new Error('no such node');
  expect(nodeView(entry)).toMatchObject({ state: 'ready', conditions: [{ type: 'RebootRequired', severity: 'info' }] });
  expect(nodeDetail(entry).conditions.find(({ type }) => type === 'MemoryLow')?.status).toBe('false');
});

test('a board that measures none of what a Pi measures is not asked for it', async () => {
  const { fleet, agent } = await start();
  agent.report(healthyFacts());
  const entry = fleet.core.nodes.get(id(1));
  if (entry === undefined) throw new Error('no such node');
  const blind = nodeDetail(entry).conditions.filter(({ status }) => status === 'unknown');
  expect(blind.map(({ type }) => type)).not.toContain('Undervoltage');
  expect(nodeView(entry).why).not.toContain('Pressure');
});
