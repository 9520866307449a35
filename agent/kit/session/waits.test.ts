import { expect, test } from 'vitest';
import { reachOf } from './stream.js';
import { afterLoss, type Reach } from './waits.js';

/** As gRPC said it in the virtual rack when an uplink was cut, and when its controller did not run. */
const said = (cause: string): string =>
  `No connection established. Last error: Error: connect ${cause} 198.51.100.1:7443. Resolution note: `;

test.for<['unavailable' | 'deadline-exceeded', string, Reach]>([
  ['unavailable', said('EHOSTUNREACH'), 'no-way'],
  ['unavailable', said('ENETUNREACH'), 'no-way'],
  ['unavailable', said('ECONNREFUSED'), 'reached'],
  ['deadline-exceeded', 'no answer within 60 s', 'no-answer'],
])('%s: %s is %s', ([code, message, reach]) => {
  expect(reachOf({ code, message })).toBe(reach);
});

test.for<[Reach, number]>([
  ['no-answer', 6_000],
  ['no-way', 12_000],
  ['reached', 300_000],
])('after an outage of hours (%s) an agent is back within %i ms', ([reach, mostMs]) => {
  const { waitMs, failures } = afterLoss(500, 0.999_999, { reach, hasOther: false, livedMs: undefined });
  expect([Math.ceil(waitMs), failures]).toEqual([mostMs, 501]);
});

test('where another address is left it is tried at once, unless somebody answered at this one', () => {
  const wait = (reach: Reach) => afterLoss(9, 0.999_999, { reach, hasOther: true, livedMs: undefined }).waitMs;
  expect([wait('no-way'), wait('no-answer')].every((ms) => ms < 500)).toBe(true);
  expect(wait('reached')).toBeGreaterThan(200_000);
});
