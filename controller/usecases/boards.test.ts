import { expect, test } from 'vitest';
import type { NodeBootView } from '../../proto/contract/api/boot.js';
import type { BootRecord } from '../../proto/contract/boot/record.js';
import { by } from './testing/by.js';
import { agentEvent, commandUpdate, FakeAgent, healthyFacts, id, makeNode, TestFleet } from './testing/fleet.js';

const MAC = 'b8:27:eb:aa:00:01';
const BOARD = { model: 'Raspberry Pi 3', serial: '10000000aa000001', macAddresses: [MAC] };
const SEEN: BootRecord = {
  ...{ mac: MAC, serial: 'aa000001', address: '10.46.189.2', interfaceName: 'eth0.10' },
  ...{ startedMs: 0, stagesMs: {}, firstFileMs: undefined, missedMs: undefined, missedFirmware: false },
  ...{ startsMs: [], seenMs: 0 },
};

/** A Pi on port swp1 of a switch, and the fileserver that sees it boot. */
async function setUp() {
  const nodes = [
    makeNode(1, { board: BOARD }),
    makeNode(2, { kind: 'fileserver', name: 'fs-1' }),
    makeNode(3, { kind: 'switch', name: 'sw-1' }),
  ];
  const fleet = await TestFleet.start({ nodes });
  const { clock } = fleet.world;
  const startedAtMs = clock.monotonicMs();
  const uptimeMs = (): number => 100_000 + clock.monotonicMs() - startedAtMs;
  const pi = await fleet.connect(new FakeAgent(1, { board: BOARD }));
  const fileserver = await fleet.connect(new FakeAgent(2, {}, 'fileserver'));
  const aSwitch = await fleet.connect(new FakeAgent(3, { supportedActions: ['switch_power'] }, 'switch'));
  aSwitch.report(healthyFacts({ 'port_macs_text swp1': `10/${MAC}`, 'port_macs_text swp2': '11/b8:27:eb:aa:00:02' }));
  await fleet.world.advance(10_000);
  let sequence = 0;
  return {
    fleet,
    pi,
    boot: (): NodeBootView => {
      const entry = fleet.core.nodes.get(id(1));
      if (entry === undefined) throw new Error('no such node');
      return fleet.core.boards.bootOf(entry);
    },
    /** The switch carries out an order now; answers with what brings its word. */
    power: async (port: string, action: 'on' | 'off' | 'cycle') => {
      const offMs = action === 'cycle' ? 15_000 : 0;
      const order = { kind: 'switch-power', port, action, offMs, bootLeaseId: '' } as const;
      const command = await fleet.core.commands.issue(
        id(3),
        { action: order, reason: 'a test', validForMs: 60_000 },
        by('alice'),
      );
      sequence += 1;
      const done = agentEvent(sequence, commandUpdate(command.id, 'succeeded'), {
        bootId: aSwitch.hello.bootId,
        uptimeMs: uptimeMs(),
      });
      return async () => {
        aSwitch.events(done);
        await fleet.world.settle();
      };
    },
    /** The fileserver sees a request for an address now. */
    asks: async () => {
      const nowMs = uptimeMs();
      const record = { ...SEEN, startedMs: nowMs, seenMs: nowMs, startsMs: [nowMs], stagesMs: { 'dhcp-seen': nowMs } };
      sequence += 1;
      const { bootId } = fileserver.hello;
      fileserver.events(agentEvent(sequence, { kind: 'board-boot', record, trouble: undefined }, { bootId }));
      await fleet.world.settle();
    },
  };
}

/** A start of a board that starts every half minute: as many as that, and never comes up. */
function loopingStart(starts: number, stagesMs: BootRecord['stagesMs']): BootRecord {
  const startsMs = Array.from({ length: starts }, (_, index) => 100_000 + index * 30_000);
  const startedMs = startsMs.at(-1) ?? 0;
  return { ...SEEN, startedMs, seenMs: startedMs, startsMs, stagesMs };
}

test.for<[string, readonly number[]]>([
  ['seen from its first start on', [1, 2, 3, 4, 5, 6, 7, 8]],
  ['of which nobody heard before it was one', [6, 7, 8]],
])('a loop %s is told once, and not at each start and stage', async ([, seen]) => {
  const { fleet, pi } = await setUp();
  pi.cut();
  const fileserver = await fleet.connect(new FakeAgent(2, {}, 'fileserver'));
  let sequence = 100;
  for (const starts of seen) {
    const trouble = starts > 3 ? 'boot-loop' : undefined;
    // The first two stages may come within one look at the log.
    for (const stages of [
      { 'dhcp-seen': 0, 'bootcode-served': 1 },
      { 'dhcp-seen': 0, 'bootcode-served': 1, 'serial-dir-hit': 2 },
    ]) {
      sequence += 1;
      const what = { kind: 'board-boot', record: loopingStart(starts, stages), trouble } as const;
      fileserver.events(agentEvent(sequence, what, { bootId: fileserver.hello.bootId }));
      await fleet.world.settle();
    }
  }
  expect((await fleet.timeline()).filter((reason) => reason === 'BootHangs')).toHaveLength(1);
});

const stagesOf = ({ steps }: NodeBootView): readonly (readonly [string, number])[] =>
  steps.map(({ stage, tookMs }) => [stage, Math.round(tookMs / 1_000)] as const);

test('a boot begins where its switch gave the port power, and goes on to the first hello', async () => {
  const { fleet, pi, boot, power, asks } = await setUp();
  pi.cut();
  await asks();
  await fleet.world.advance(600_000);
  await (await power('swp1', 'cycle'))();
  expect(boot()).toMatchObject({ state: 'booting', steps: [{ stage: 'power-on' }] });
  await fleet.world.advance(20_000);
  await asks();
  await fleet.world.advance(40_000);
  await fleet.connect(new FakeAgent(1, { board: BOARD, bootId: 'boot-1-2', uptimeMs: 20_000 }));
  expect(stagesOf(boot())).toEqual([
    ['power-on', 0],
    ['dhcp-seen', 20],
    ['agent-hello', 40],
  ]);
});

test.for<[string, boolean]>([
  ['from before its boot, and still counted, is no reason not to call it', true],
  ['since it began is one not to call it', false],
])('what went wrong %s verified', async ([, isOld]) => {
  const { fleet, pi, boot, asks } = await setUp();
  const trouble = healthyFacts({ 'disk_saturated_permille mmcblk0': 200 });
  pi.report(isOld ? trouble : healthyFacts());
  pi.cut();
  await fleet.world.advance(60_000);
  await asks();
  await fleet.world.advance(30_000);
  const next = await fleet.connect(new FakeAgent(1, { board: BOARD, bootId: 'boot-1-2', uptimeMs: 20_000 }));
  next.report(trouble);
  expect(stagesOf(boot()).some(([stage]) => stage === 'verified')).toBe(isOld);
});

test('a board that has power and never asks for an address hangs', async () => {
  const { fleet, pi, boot, power, asks } = await setUp();
  pi.cut();
  await asks();
  await fleet.world.advance(60_000);
  await (await power('swp1', 'on'))();
  await fleet.world.advance(41_000);
  expect(boot()).toMatchObject({ state: 'hangs', words: expect.stringContaining('it never asked for an address') });
});

test.for<[string, string, 'on' | 'off']>([
  ['another port', 'swp2', 'on'],
  ['being switched off', 'swp1', 'off'],
])('%s is no stage of its boot', async ([, port, action]) => {
  const { pi, boot, power, asks } = await setUp();
  pi.cut();
  await (await power(port, action))();
  await asks();
  expect(stagesOf(boot())).toEqual([['dhcp-seen', 0]]);
});

test('a switch whose word is late is taken by when it did it', async () => {
  const { pi, boot, power, asks, fleet } = await setUp();
  pi.cut();
  const tell = await power('swp1', 'on');
  await fleet.world.advance(5_000);
  await asks();
  await fleet.world.advance(60_000);
  await tell();
  expect(stagesOf(boot())).toEqual([
    ['power-on', 0],
    ['dhcp-seen', 5],
  ]);
});
