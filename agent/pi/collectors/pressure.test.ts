import { expect, test } from 'vitest';
import { recorded } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import { collectOn, values } from '../../kit/testing/collect-on.js';
import { makePressureCollector, type Pressure, parsePressure } from './pressure.js';

test.for(recorded<Omit<Pressure, 'fullPermille'> & Partial<Pressure>>('pressure'))(
  'reads the pressure of $name',
  ({ input, expected: want }) => {
    expect(parsePressure(input)).toEqual({ fullPermille: undefined, ...want });
  },
);

test('a cut file is refused, or its lines say the same', () => {
  for (const { input } of recorded('pressure')) {
    expectNoInvention(parsePressure, input, (cut, all) => {
      expect(cut.somePermille).toBe(all.somePermille);
      expect([undefined, all.fullPermille]).toContain(cut.fullPermille);
    });
    expectRefusalOfGarbage(parsePressure, input);
  }
});

test('a file without its "some" line is refused, never read as no pressure', () => {
  expect(() => parsePressure('full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n')).toThrow('another form');
});

const file = (some: string, full: string): string =>
  `some avg10=0.00 avg60=${some} avg300=0.00 total=0\nfull avg10=0.00 avg60=${full} avg300=0.00 total=0\n`;

test('a machine that waits for its card', async () => {
  const files = {
    '/proc/pressure/cpu': file('3.92', '0.00'),
    '/proc/pressure/memory': file('0.05', '0.04'),
    '/proc/pressure/io': file('87.26', '61.01'),
  };
  expect(values(await collectOn(makePressureCollector(), files).run())).toEqual({
    pressure_cpu_some_permille: 39,
    pressure_memory_some_permille: 1,
    pressure_memory_full_permille: 0,
    pressure_io_some_permille: 873,
    pressure_io_full_permille: 610,
  });
});

test('a kernel that was booted without it is not asked again before an hour has passed', async () => {
  let asked = 0;
  const refused = (): undefined => {
    asked++;
  };
  const { run, world } = collectOn(makePressureCollector(), { '/proc/pressure/io': refused });
  expect(await run()).toMatchObject({ kind: 'no-data' });
  expect(await run()).toMatchObject({ kind: 'no-data' });
  expect(asked).toBe(1);
  await world.runFor(3_600_000);
  await run();
  expect(asked).toBe(2);
});
