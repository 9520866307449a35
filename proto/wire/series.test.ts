import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrambleError } from '../contract/errors.js';
import { FACT_VALUE_MAX, FACTS, type FactName, isTextFact, type Sample } from '../contract/facts.js';
import { AgentFrame } from '../gen/bramble/agent/v1/link.js';
import { type FactId, Report } from '../gen/bramble/agent/v1/report.js';
import { type DecodedReport, SeriesDecoder, SeriesEncoder } from './series.js';
import { SERIES_PER_STREAM_MAX } from './series-limits.js';

const busy = (value: number): Sample => ({ fact: 'cpu_busy_permille', instance: '', value });
const oops = (value: string): Sample => ({ fact: 'collector_error_text', instance: 'cpu', value });
const free = (value: number, instance = '/'): Sample => ({ fact: 'filesystem_available_bytes', instance, value });

/** Both ends of a stream, joined by the bytes of the real codec. */
function stream() {
  const encoder = new SeriesEncoder();
  const decoder = new SeriesDecoder();
  const known = new Map<string, number | string>();
  const send = (samples: readonly Sample[], takenAtMs = 0, full = false): DecodedReport & { bytes: number } => {
    const bytes = Report.encode(encoder.encode(samples, takenAtMs, full)).finish();
    const decoded = decoder.decode(Report.decode(bytes));
    if (decoded.full) known.clear();
    for (const { fact, instance, value } of decoded.changes) {
      if (value === undefined) known.delete(`${fact} ${instance}`);
      else known.set(`${fact} ${instance}`, value);
    }
    return { ...decoded, bytes: bytes.length };
  };
  return { encoder, decoder, known, send };
}

test('the first report is full and says everything; the next ones say what left its dead band', () => {
  const { send } = stream();
  expect(send([busy(100), oops('no such file')], 1_000)).toMatchObject({
    sequence: 1,
    full: true,
    takenAtMs: 1_000,
    changes: [
      { fact: 'cpu_busy_permille', instance: '', value: 100 },
      { fact: 'collector_error_text', instance: 'cpu', value: 'no such file' },
    ],
  });
  const steady = send([busy(119), oops('no such file')], 6_000.4);
  expect(steady).toMatchObject({ sequence: 2, full: false, takenAtMs: 6_000, changes: [] });
  expect(steady.bytes).toBeLessThanOrEqual(8);
  expect(send([busy(120), oops('gone')], 11_000).changes).toEqual([
    { fact: 'cpu_busy_permille', instance: '', value: 120 },
    { fact: 'collector_error_text', instance: 'cpu', value: 'gone' },
  ]);
});

test.for<[string, number, number, boolean]>([
  ['below the absolute part', 1_000, 1_019, false],
  ['at the absolute part', 1_000, 1_020, true],
  ['down by the absolute part', 1_000, 980, true],
])('a dead band judges against the last value sent: %s', ([, before, after, isSent]) => {
  const { send } = stream();
  send([busy(before)]);
  expect(send([busy(after)]).changes).toHaveLength(isSent ? 1 : 0);
});

test('a relative dead band grows with the value', () => {
  const { send } = stream();
  send([free(100 * 2 ** 30)]);
  expect(send([free(100 * 2 ** 30 - 2 ** 26)]).changes).toHaveLength(0); // 64 MiB of 100 GiB: under 0.1 %
  expect(send([free(100 * 2 ** 30 - 2 ** 27)]).changes).toHaveLength(1);
});

test('a series that is no longer sampled is withdrawn once, and comes back under its old number', () => {
  const { send, known } = stream();
  send([busy(5), oops('a')]);
  expect(send([busy(5)]).changes).toEqual([{ fact: 'collector_error_text', instance: 'cpu', value: undefined }]);
  expect(send([busy(5)]).changes).toEqual([]);
  const back = send([busy(5), oops('a')]);
  expect(back.changes).toEqual([{ fact: 'collector_error_text', instance: 'cpu', value: 'a' }]);
  expect(back.bytes).toBeLessThanOrEqual(12);
  send([oops('a')]);
  expect(send([busy(5), oops('a')]).changes).toEqual([{ fact: 'cpu_busy_permille', instance: '', value: 5 }]);
  expect(known.size).toBe(2);
});

test('a negative value is a value; one that is not finite or too large is left out and counted', () => {
  const { send, encoder, known } = stream();
  const offset = (value: number): Sample => ({ fact: 'clock_controller_offset_ms', instance: '', value });
  send([offset(-1_785_000_000_000), busy(Number.NaN)]);
  expect(known.get('clock_controller_offset_ms ')).toBe(-1_785_000_000_000);
  send([offset(Number.POSITIVE_INFINITY), busy(FACT_VALUE_MAX * 2)]);
  expect(known.size).toBe(0);
  expect(encoder.refusedCount).toBe(3);
  send([offset(-0.4)]);
  expect(known.get('clock_controller_offset_ms ')).toBe(0);
});

test('a step that no delta can express exactly makes the report full', () => {
  const { send, known } = stream();
  send([free(FACT_VALUE_MAX), busy(1)]);
  expect(send([free(-FACT_VALUE_MAX), busy(1)])).toMatchObject({ full: true, sequence: 2 });
  expect(known.get('filesystem_available_bytes /')).toBe(-FACT_VALUE_MAX);
  expect(send([free(-FACT_VALUE_MAX), busy(1)])).toMatchObject({ full: false, changes: [] });
});

test('the same series twice in one set counts once', () => {
  const { send, encoder, known } = stream();
  send([busy(1), busy(900)]);
  expect(known.get('cpu_busy_permille ')).toBe(1);
  expect(encoder.refusedCount).toBe(1);
});

test('a long text is cut to 1 KiB of whole characters, and its unsent end makes no traffic', () => {
  const { send, known } = stream();
  send([oops('\u{1F353}'.repeat(1_000))]);
  expect(known.get('collector_error_text cpu')).toBe('\u{1F353}'.repeat(256));
  expect(send([oops('\u{1F353}'.repeat(1_000))]).changes).toEqual([]);
});

test('series beyond the limit are refused while it is full, and taken once numbers are free again', () => {
  const { send, encoder, known } = stream();
  const many = Array.from({ length: SERIES_PER_STREAM_MAX + 5 }, (_, at) => free(at * 2 ** 20, `/${at}`));
  send(many);
  expect(known.size).toBe(SERIES_PER_STREAM_MAX);
  expect(encoder.refusedCount).toBe(5);
  expect(send(many)).toMatchObject({ full: false, changes: [] });
  send(many.slice(-10));
  const afterRenumbering = send([busy(3), ...many.slice(-10)]);
  expect(afterRenumbering.full).toBe(true);
  expect(known.size).toBe(11);
});

test('a sample set too large for one message arrives with the reports that follow', () => {
  const { send, known } = stream();
  const many = Array.from(
    { length: 2_000 },
    (_, at): Sample => ({ fact: 'collector_error_text', instance: `c${at}`, value: `${at} `.padEnd(1_024, 'x') }),
  );
  let reports = 0;
  for (; known.size < many.length && reports < 100; reports++) expect(send(many).bytes).toBeLessThan(256 * 1_024);
  expect(known.size).toBe(many.length);
  expect(send(many).changes).toEqual([]);
});

test('after a lost report the decoder asks for everything, and takes nothing else', () => {
  const { encoder, decoder } = stream();
  decoder.decode(encoder.encode([busy(1)], 0, false));
  encoder.encode([busy(100)], 1, false); // lost
  for (const value of [200, 300]) {
    expect(() => decoder.decode(encoder.encode([busy(value)], 2, false))).toThrow(
      expect.objectContaining({ code: 'data-loss' }),
    );
  }
  expect(decoder.decode(encoder.encode([busy(400)], 9, true))).toEqual({
    sequence: 5,
    full: true,
    takenAtMs: 9,
    changes: [{ fact: 'cpu_busy_permille', instance: '', value: 400 }],
  });
});

test('a reset encoder starts a new stream', () => {
  const { encoder, decoder } = stream();
  decoder.decode(encoder.encode([busy(1)], 10, false));
  encoder.reset();
  expect(new SeriesDecoder().decode(encoder.encode([busy(1)], 5, false))).toMatchObject({
    sequence: 1,
    full: true,
    takenAtMs: 5,
  });
});

const define = (series: number, fact: number): Report['define'][number] => ({
  series,
  fact: fact as FactId,
  instance: '',
});
const report = (part: Partial<Report>): Report => Report.fromPartial({ sequence: 1, full: true, ...part });

test('facts of a newer agent are kept in step and told to nobody', () => {
  const decoder = new SeriesDecoder();
  const first = report({
    define: [define(1, 60_000), define(2, FACTS.cpu_busy_permille.id)],
    seriesStep: [1, 1],
    change: [7, 8],
  });
  expect(decoder.decode(first).changes).toEqual([{ fact: 'cpu_busy_permille', instance: '', value: 8 }]);
  const next = report({
    sequence: 2,
    full: false,
    seriesStep: [1],
    change: [1],
    text: [{ series: 1, text: 'x' }],
    withdrawn: [1],
  });
  expect(decoder.decode(next).changes).toEqual([]);
});

test.for<[string, Partial<Report>, string]>([
  ['a delta before any full report', { full: false }, 'data-loss'],
  ['a series that was never defined', { seriesStep: [1], change: [1] }, 'data-loss'],
  ['a text for a series that was never defined', { text: [{ series: 1, text: '' }] }, 'data-loss'],
  ['a withdrawal of series 0', { withdrawn: [0] }, 'data-loss'],
  ['series numbered with a gap', { define: [define(2, 31)] }, 'data-loss'],
  ['a value beyond 2^53', { define: [define(1, 31)], seriesStep: [1], change: [2 ** 53] }, 'data-loss'],
  ['a time beyond 2^53', { takenAtMs: 2 ** 53 }, 'data-loss'],
  ['too many series', { define: Array.from({ length: 4_097 }, (_, at) => define(at + 1, 31)) }, 'data-loss'],
  ['lists of different length', { seriesStep: [1], change: [] }, 'invalid-argument'],
  ['a series twice', { define: [define(1, 31)], seriesStep: [1, 0], change: [1, 1] }, 'invalid-argument'],
  ['a number for a text', { define: [define(1, 3)], seriesStep: [1], change: [1] }, 'invalid-argument'],
  ['a text for a number', { define: [define(1, 31)], text: [{ series: 1, text: 'x' }] }, 'invalid-argument'],
  ['a report number 0', { sequence: 0 }, 'invalid-argument'],
])('refuses %s', ([, part, code]) => {
  expect(() => new SeriesDecoder().decode(report(part))).toThrow(expect.objectContaining({ code }));
});

const FACT_NAMES = Object.keys(FACTS) as FactName[];
const anySample: fc.Arbitrary<Sample> = fc
  .record({ fact: fc.constantFrom(...FACT_NAMES), instance: fc.constantFrom('', '/', 'eth0', 'ärger') })
  .chain(({ fact, instance }): fc.Arbitrary<Sample> => {
    if (isTextFact(fact)) return fc.string().map((value) => ({ fact, instance, value }));
    const value = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.double(), fc.maxSafeInteger());
    return value.map((each): Sample => ({ fact, instance, value: each }));
  });

test('property: whatever is sampled, the other end knows it within the dead bands, and nothing else', () => {
  const sets = fc.array(fc.record({ samples: fc.array(anySample, { maxLength: 30 }), full: fc.boolean() }), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(sets, (steps) => {
      const { send, known } = stream();
      steps.forEach(({ samples, full }, at) => {
        send(samples, at * 1_000, full);
        const truth = new Map<string, { value: number | string; fact: FactName }>();
        for (const { fact, instance, value } of samples) {
          const isSane = typeof value === 'string' || Math.abs(value) <= FACT_VALUE_MAX;
          if (isSane && !truth.has(`${fact} ${instance}`)) truth.set(`${fact} ${instance}`, { value, fact });
        }
        expect([...known.keys()].sort()).toEqual([...truth.keys()].sort());
        for (const [key, { value, fact }] of truth) {
          const seen = known.get(key);
          if (typeof value === 'string' || typeof seen === 'string') expect(seen).toBe(value);
          else if (seen !== undefined) {
            const { absolute, relative } = FACTS[fact].deadBand;
            expect(Math.abs(Math.round(value) - seen)).toBeLessThanOrEqual(
              Math.max(absolute, relative * Math.abs(seen)),
            );
          }
        }
      });
    }),
    { numRuns: 300 },
  );
});

test('property: no report, however made up, gets anything but a BrambleError out of the decoder', () => {
  const small = fc.integer({ min: 0, max: 6 });
  const number = fc.oneof({ weight: 9, arbitrary: small }, fc.maxSafeInteger(), fc.double());
  const facts = fc.constantFrom(0, 3, 31, 51, 60_000, -1);
  const anyReport = fc
    .record({
      sequence: fc.option(number, { nil: undefined, freq: 4 }),
      full: fc.boolean(),
      takenAtMs: number,
      facts: fc.array(facts, { maxLength: 8 }),
      shift: fc.constantFrom(1, 1, 1, 0, 2),
      changes: fc.array(fc.tuple(number, number), { maxLength: 3 }),
      extra: fc.constantFrom(0, 0, 0, 1),
      text: fc.array(fc.record({ series: small, text: fc.string() }), { maxLength: 1 }),
      withdrawn: fc.array(number, { maxLength: 2 }),
    })
    .map(({ facts: ids, shift, changes, extra, sequence, ...rest }) => ({
      ...rest,
      sequence,
      define: ids.map((fact, at) => define(at + shift, fact)),
      seriesStep: changes.map(([step]) => step),
      change: changes.slice(extra).map(([, by]) => by),
    }));
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(anyReport, { maxLength: 8 }), (reports) => {
      const decoder = new SeriesDecoder();
      for (const [at, { sequence = at + 1, ...rest }] of reports.entries()) {
        try {
          decoder.decode({ ...rest, sequence });
          accepted += 1;
        } catch (error) {
          expect(error).toBeInstanceOf(BrambleError);
        }
      }
    }),
    { numRuns: 1_000 },
  );
  expect(accepted).toBeGreaterThan(20);
});

test('a steady report of a busy Pi stays within 60 bytes with its frame', () => {
  const { encoder } = stream();
  const at = (tick: number): Sample[] => [
    ...['board', 'boot', 'cpu', 'memory', 'filesystems', 'network', 'clock', 'self'].flatMap((instance): Sample[] => [
      { fact: 'collector_state', instance, value: 1 },
      { fact: 'collector_duration_us', instance, value: 90 + ((tick * 37) % 60) },
    ]),
    busy(50 + ((tick * 31) % 100)),
    { fact: 'load_1m_milli', instance: '', value: 300 + ((tick * 53) % 400) },
    { fact: 'load_5m_milli', instance: '', value: 300 + ((tick * 17) % 100) },
    { fact: 'memory_available_bytes', instance: '', value: 700e6 + ((tick * 7) % 11) * 2e6 },
    free(12e9 - tick * 40_000),
    { fact: 'network_received_bytes', instance: 'eth0', value: 5e9 + tick * 180_000 },
    { fact: 'network_transmitted_bytes', instance: 'eth0', value: 2e9 + tick * 90_000 },
    { fact: 'agent_resident_bytes', instance: '', value: 50e6 + ((tick * 5) % 7) * 1e5 },
    { fact: 'agent_cpu_ms', instance: '', value: 4_000 + tick * 20 },
    { fact: 'agent_written_bytes', instance: '', value: 4_096 * tick },
  ];
  encoder.encode(at(0), 0, true);
  const sizes = Array.from({ length: 200 }, (_, tick) => {
    const value = encoder.encode(at(tick + 1), (tick + 1) * 30_000, false);
    return AgentFrame.encode({ frame: { $case: 'report', value } }).finish().length;
  });
  expect(Math.max(...sizes)).toBeLessThanOrEqual(60);
});
