import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assert } from '../../proto/contract/assert.js';
import { judgeBoot } from '../../proto/contract/boot/judge.js';
import { type BootRecord, furthestStage } from '../../proto/contract/boot/record.js';
import { BOOT_LIMITS } from '../../proto/contract/boot/stage.js';
import { recorded } from '../../test/fixtures/index.js';
import { BOARDS_MAX, BoardTable } from './board-table.js';
import { type BootLine, parseBootLine } from './log-line.js';

const board = (vlan: number) => ({
  interfaceName: `eth0.${vlan}`,
  mac: `b8:27:eb:00:00:${vlan.toString(16).padStart(2, '0')}`,
  address: `10.46.189.${4 * (vlan - 10) + 2}`,
  serial: `aa0000${vlan.toString(16).padStart(2, '0')}`,
});
type Board = ReturnType<typeof board>;

const discover = ({ interfaceName, mac }: Board, transaction = ''): BootLine => ({
  kind: 'dhcp',
  message: 'discover',
  transaction,
  interfaceName,
  mac,
  address: '',
  otherServer: false,
});
const ack = ({ interfaceName, mac, address }: Board): BootLine => ({
  kind: 'dhcp',
  message: 'ack',
  transaction: '',
  interfaceName,
  mac,
  address,
  otherServer: false,
});
const file = ({ address }: Board, path: string, outcome: 'sent' | 'not-found' = 'sent'): BootLine => ({
  kind: 'file',
  outcome,
  path: `/srv/tftp/${path}`,
  address,
});
const vendor = (transaction: string, text: string): BootLine => ({ kind: 'vendor-class', transaction, text });

/** A Pi 3 without a card: bootcode.bin, then everything from the directory of its serial number. */
const pi3 = (of: Board): readonly BootLine[] => [
  discover(of),
  ack(of),
  file(of, 'bootcode.bin'),
  file(of, 'bootsig.bin', 'not-found'),
  file(of, `${of.serial}/start.elf`),
  file(of, `${of.serial}/config.txt`),
  file(of, `${of.serial}/cmdline.txt`),
  file(of, `${of.serial}/kernel7.img`),
  { kind: 'mount', address: of.address, path: `/export/${of.address}` },
];
/** A Pi 4 or 5: no bootcode.bin, many files that are not there by design. */
const pi4 = (of: Board): readonly BootLine[] => [
  discover(of),
  ack(of),
  file(of, `${of.serial}/pieeprom.sig`, 'not-found'),
  file(of, `${of.serial}/config.txt`),
  file(of, `${of.serial}/start4.elf`),
  file(of, `${of.serial}/cmdline.txt`),
  file(of, `${of.serial}/kernel8.img`),
  { kind: 'mount', address: of.address, path: `/export/${of.address}` },
];

function run(lines: readonly BootLine[], stepMs = 1_000, table = new BoardTable(), fromMs = 0): BoardTable {
  lines.forEach((line, index) => {
    table.take(line, fromMs + index * stepMs);
  });
  return table;
}

function only(table: BoardTable): BootRecord {
  const [record, ...more] = table.records();
  assert(record !== undefined && more.length === 0, `${more.length + 1} boards`);
  return record;
}

const ONE = board(11);
const TWO = board(12);

test.for([
  [
    'a Pi 3',
    pi3(ONE),
    ['dhcp-seen', 'bootcode-served', 'serial-dir-hit', 'cmdline-served', 'kernel-served', 'nfs-mounted'],
  ],
  ['a Pi 4 or 5', pi4(ONE), ['dhcp-seen', 'serial-dir-hit', 'cmdline-served', 'kernel-served', 'nfs-mounted']],
] as const)('%s shows every stage with its time', ([, lines, stages]) => {
  const record = only(run(lines));
  expect(Object.keys(record.stagesMs)).toEqual(stages);
  expect(record).toMatchObject(ONE);
  expect(judgeBoot(record, 20_000, BOOT_LIMITS)).toMatchObject({ stage: 'nfs-mounted', trouble: undefined });
});

test('the recorded requests are boots of two boards, one of which lacks its directory', () => {
  for (const { input } of recorded('dnsmasq-log')) {
    const table = new BoardTable();
    for (const text of (input.split('cannot access')[0] ?? '').split('\n')) {
      const parsed = parseBootLine(text);
      if (parsed !== undefined)
        table.take(parsed.line, parsed.head.stamp.minute * 60_000 + parsed.head.stamp.second * 1_000);
    }
    const boards = new Map(table.records().map((record) => [record.mac, record]));
    const [pi, missing] = [boards.get('b8:27:eb:aa:00:03'), boards.get('dc:a6:32:aa:00:04')];
    assert(pi !== undefined && missing !== undefined && boards.size === 2, `${boards.size} boards`);
    expect(pi).toMatchObject({ serial: 'aa000003', address: '10.46.189.2', interfaceName: 'v10' });
    expect(furthestStage(pi)?.stage).toBe('cmdline-served');
    expect(judgeBoot(missing, missing.seenMs, BOOT_LIMITS).trouble).toBe('serial-dir-miss');
  }
});

test('T-32, T-33: what no board asks for, and the offer of another DHCP server, are counted where they came from', () => {
  for (const { input } of recorded('dnsmasq-log')) {
    const lines = input.split('\n').flatMap((text) => parseBootLine(text)?.line ?? []);
    const counts = run(lines).counts();
    expect(counts.get('v10')).toMatchObject({ otherServers: 1, refusals: 2 });
    expect(counts.get('')).toMatchObject({ refusals: 1 });
  }
});

test.for<[string, readonly BootLine[], number, string | undefined]>([
  ['nothing but DHCP for 10 s', [discover(ONE), ack(ONE)], 10_000, 'no-tftp-after-dhcp'],
  ['nothing but DHCP for less', [discover(ONE), ack(ONE)], 9_999, undefined],
  [
    'a missing config.txt alone for 3 s',
    [discover(ONE), ack(ONE), file(ONE, 'aa00000b/config.txt', 'not-found')],
    5_000,
    'serial-dir-miss',
  ],
  [
    'a missing config.txt alone for less',
    [discover(ONE), ack(ONE), file(ONE, 'aa00000b/config.txt', 'not-found')],
    4_999,
    undefined,
  ],
  [
    'a missing start4.elf',
    [discover(ONE), ack(ONE), file(ONE, 'aa00000b/start4.elf', 'not-found')],
    2_000,
    'serial-dir-miss',
  ],
  ['a directory without a kernel', pi4(ONE).slice(0, 6), 60_000, 'tftp-stalled'],
  ['a directory without a kernel, a moment before', pi4(ONE).slice(0, 6), 59_999, undefined],
  ['a root that is not mounted', pi4(ONE).slice(0, 7), 96_000, 'no-nfs-mount'],
  ['a root that may yet be mounted', pi4(ONE).slice(0, 7), 95_999, undefined],
  ['a system without an agent', pi4(ONE), 187_000, 'no-agent-hello'],
  ['files that all boards lack', [discover(ONE), ack(ONE), file(ONE, 'bootsig.bin', 'not-found')], 9_000, undefined],
])('%s', ([, lines, nowMs, trouble]) => {
  expect(judgeBoot(only(run(lines)), nowMs, BOOT_LIMITS).trouble).toBe(trouble);
});

test('power without a request for an address is told after 40 s', () => {
  const record = new BoardTable().powerOn({ mac: ONE.mac }, 0);
  assert(record !== undefined, 'no board');
  expect(judgeBoot(record, 39_999, BOOT_LIMITS)).toMatchObject({ trouble: undefined, dueMs: 40_000 });
  expect(judgeBoot(record, 40_000, BOOT_LIMITS).trouble).toBe('no-dhcp');
});

test('a system that asks for its address is no new boot; a firmware that does is', () => {
  const table = run([vendor('1', 'PXEClient:Arch:00000:UNDI:002001'), ...pi3(ONE)]);
  run([vendor('7', 'Linux ipconfig'), discover(ONE, '7'), ack(ONE)], 1_000, table, 12_000);
  expect(only(table)).toMatchObject({ startedMs: 1_000, startsMs: [1_000] });
  run([vendor('8', 'PXEClient:Arch:00000:UNDI:002001'), discover(ONE, '8')], 0, table, 30_000);
  expect(only(table)).toMatchObject({
    startedMs: 30_000,
    startsMs: [1_000, 30_000],
    stagesMs: { 'dhcp-seen': 30_000 },
  });
});

test('without vendor classes the first file tells which request for an address began a boot', () => {
  const table = run(pi3(ONE));
  run([discover(ONE), ack(ONE)], 500, table, 20_000);
  expect(only(table).startsMs).toEqual([0]);
  run([file(ONE, 'bootcode.bin')], 0, table, 25_000);
  expect(only(table)).toMatchObject({ startedMs: 20_000, startsMs: [0, 20_000] });
});

test('four starts within 15 min that come to nothing are a loop; a boot that lasted ends it', () => {
  const table = new BoardTable();
  for (let start = 0; start < 4; start++) run(pi3(ONE), 1_000, table, start * 60_000);
  expect(only(table).startsMs).toHaveLength(4);
  expect(judgeBoot(only(table), 200_000, BOOT_LIMITS).trouble).toBe('boot-loop');
  expect(judgeBoot(only(table), 900_000, BOOT_LIMITS).trouble).not.toBe('boot-loop');
  // Here nobody hears its agent: a boot that goes on has come to something.
  const unheard = { ...BOOT_LIMITS, helloMs: Number.MAX_SAFE_INTEGER };
  const settledMs = (only(table).stagesMs['nfs-mounted'] ?? Number.NaN) + BOOT_LIMITS.settledMs;
  expect(judgeBoot(only(table), settledMs - 1, unheard)).toMatchObject({ trouble: 'boot-loop', dueMs: settledMs });
  expect(judgeBoot(only(table), settledMs, unheard).trouble).toBeUndefined();
  run(pi3(ONE), 1_000, table, 500_000);
  expect(judgeBoot(only(table), 510_000, BOOT_LIMITS).trouble).toBeUndefined();
});

test('the directory of a known board is not taken over by asking for it', () => {
  const table = run([...pi3(ONE), discover(TWO), ack(TWO), file(TWO, `${ONE.serial}/cmdline.txt`)]);
  expect(table.records().map(({ mac, serial }) => [mac, serial])).toEqual([
    [ONE.mac, ONE.serial],
    [TWO.mac, ''],
  ]);
  expect(table.counts().get(TWO.interfaceName)?.foreignFiles).toBe(1);
});

test('a flood of made-up boards on one VLAN pushes out none of another', () => {
  const table = run(pi3(ONE));
  for (let fake = 0; fake < 2_000; fake++) {
    const mac = `02:00:00:00:${(fake >> 8).toString(16).padStart(2, '0')}:${(fake & 255).toString(16).padStart(2, '0')}`;
    table.take(discover({ ...TWO, mac }), 10_000 + fake);
  }
  expect(table.records()).toHaveLength(BOARDS_MAX);
  expect(table.records().some(({ mac }) => mac === ONE.mac)).toBe(true);
});

const boots = fc.tuple(fc.constantFrom(pi3(ONE), pi4(ONE)), fc.constantFrom(pi3(TWO), pi4(TWO)));

test('boards that boot at the same time do not disturb each other', () => {
  fc.assert(
    fc.property(boots, fc.infiniteStream(fc.boolean()), ([first, second], coin) => {
      const both = new BoardTable();
      const alone = [new BoardTable(), new BoardTable()] as const;
      const waiting: readonly [BootLine[], BootLine[]] = [[...first], [...second]];
      for (let atMs = 0; waiting[0].length + waiting[1].length > 0; atMs += 100) {
        const which = waiting[1].length === 0 || (waiting[0].length > 0 && coin.next().value === true) ? 0 : 1;
        const line = waiting[which].shift();
        assert(line !== undefined, 'a line');
        both.take(line, atMs);
        alone[which].take(line, atMs);
      }
      expect(new Set(both.records())).toEqual(new Set([...alone[0].records(), ...alone[1].records()]));
    }),
  );
});

test('lines that are lost or come twice invent no stage, and no time goes back', () => {
  const whole = new Set(Object.keys(only(run(pi3(ONE))).stagesMs));
  fc.assert(
    fc.property(fc.array(fc.nat(2), { minLength: 9, maxLength: 9 }), (copies) => {
      const lines = pi3(ONE).flatMap((line, index) => Array.from({ length: copies[index] ?? 1 }, () => line));
      const table = run(lines, 100);
      for (const record of table.records()) {
        expect(Object.keys(record.stagesMs).filter((stage) => !whole.has(stage))).toEqual([]);
        expect(record.startsMs).toHaveLength(1);
        for (const atMs of Object.values(record.stagesMs)) {
          expect(atMs).toBeGreaterThanOrEqual(record.startedMs);
          expect(atMs).toBeLessThanOrEqual(record.seenMs);
        }
      }
    }),
  );
});

test('a verdict that is due is due later than now', () => {
  fc.assert(
    fc.property(fc.nat(8), fc.nat(400_000), (count, nowMs) => {
      const record = only(run(pi3(ONE).slice(0, count + 1)));
      const { dueMs } = judgeBoot(record, nowMs, BOOT_LIMITS);
      if (dueMs !== undefined) expect(dueMs).toBeGreaterThan(nowMs);
    }),
  );
});

test('a file that is answered twice, the second time long after its board has gone on, begins no boot', () => {
  const sent = (name: string): BootLine => {
    const path = `/srv/tftp/${ONE.serial}/${name}`;
    return { kind: 'file', path, address: ONE.address, outcome: 'sent' };
  };
  const table = new BoardTable();
  for (const [at, line] of [
    discover(ONE),
    ack(ONE),
    sent('start4.elf'),
    sent('cmdline.txt'),
    sent('kernel8.img'),
  ].entries()) {
    table.take(line, at * 1_000);
  }
  for (const name of ['start4.elf', 'cmdline.txt']) table.take(sent(name), 33_000);
  const [record] = table.records();
  expect(record?.startedMs).toBe(0);
  expect(Object.keys(record?.stagesMs ?? {})).toContain('kernel-served');
});
