import { expect, test } from 'vitest';
import type { BootRecord } from '../../../../proto/contract/boot/record.js';
import { FakeAgent, id, makeNode, TestFleet } from '../../testing/fleet.js';
import { type BootTerms, FileserverSights } from './fileserver-sights.js';

const MAC = 'b8:27:eb:aa:00:01';
const BOARD = { model: 'Raspberry Pi 3', serial: '10000000aa000001', macAddresses: [MAC] };
/** When it began to boot, after it was heard last. */
const STARTS_MS = [10_000, 40_000, 70_000, 100_000, 130_000];

test.for<[string, Partial<Record<'poweredOnAtMs' | 'workedOnUntilMs', number>>, string]>([
  ['never came up, is a loop', {}, 'boot-loop'],
  ['got power before the last start of them, is a boot under way', { poweredOnAtMs: 125_000 }, 'dhcp-seen'],
  ['was worked on by others until before the last two, too', { workedOnUntilMs: 95_000 }, 'dhcp-seen'],
  ['started four times since then, is a loop again', { workedOnUntilMs: 38_000 }, 'boot-loop'],
])('a board that started five times, and %s', async ([, since, expected]) => {
  const fleet = await TestFleet.start({
    nodes: [makeNode(1, { board: BOARD }), makeNode(2, { kind: 'fileserver', name: 'fs-1' })],
  });
  const pi = await fleet.connect(new FakeAgent(1, { board: BOARD }));
  const fileserver = await fleet.connect(new FakeAgent(2, {}, 'fileserver'));
  for (const agent of [pi, fileserver]) agent.report();
  const heardMs = fleet.world.clock.monotonicMs();
  const at = (ms: number): number => heardMs + ms;
  const startedMs = at(130_000);
  const record: BootRecord = {
    ...{ mac: MAC, serial: 'aa000001', address: '10.46.189.2', interfaceName: 'eth0.10' },
    ...{ startedMs, stagesMs: { 'dhcp-seen': startedMs }, firstFileMs: undefined, missedMs: undefined },
    ...{ missedFirmware: false, startsMs: STARTS_MS.map(at), seenMs: startedMs },
  };
  const entryOf = (number: number) => fleet.core.nodes.get(id(number)) ?? expect.unreachable('it has joined');
  const { poweredOnAtMs, workedOnUntilMs } = since;
  const terms: BootTerms = {
    nowMs: at(131_000),
    poweredOnAtMs: poweredOnAtMs === undefined ? undefined : at(poweredOnAtMs),
    workedOnUntilMs: workedOnUntilMs === undefined ? undefined : at(workedOnUntilMs),
    knowsSinceMs: heardMs,
  };
  const sights = new FileserverSights({ seenBy: () => [record] });
  expect(sights.sight(entryOf(2), entryOf(1), terms).boot).toBe(expected);
});
