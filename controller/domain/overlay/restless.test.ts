import { expect, test } from 'vitest';
import { followTunnel, type TunnelTrail } from './restless.js';

const MINUTE_MS = 60_000;

/** What is told while a tunnel begins anew at each of these times, from these addresses by turns. */
function told(timesMs: readonly number[], hosts: readonly string[]): readonly (readonly string[])[] {
  let trail: TunnelTrail | undefined;
  return timesMs.flatMap((connectedAtMs, n) => {
    const remote = `${hosts[n % hosts.length]}:${40_000 + n}`;
    const next = followTunnel(trail, { remote, connectedAtMs }, connectedAtMs + 1_000);
    trail = next.trail;
    return next.restless === undefined ? [] : [next.restless];
  });
}
const everyMs = (intervalMs: number, count: number) => Array.from({ length: count }, (_, n) => n * intervalMs);

test('two machines with one certificate are told once, with both addresses', () => {
  expect(told(everyMs(10_000, 40), ['192.0.2.1', '2001:db8::7'])).toEqual([['192.0.2.1', '2001:db8::7']]);
});

test('it is told again after the tunnel was calm', () => {
  const again = everyMs(10_000, 8).map((atMs) => atMs + 30 * MINUTE_MS);
  expect(told([...everyMs(10_000, 8), 25 * MINUTE_MS, ...again], ['192.0.2.1'])).toHaveLength(2);
});

test('a path that breaks now and then, and a router that gets another address, are not told', () => {
  expect(told(everyMs(3 * MINUTE_MS, 50), ['192.0.2.1'])).toEqual([]);
  expect(told([0, MINUTE_MS], ['192.0.2.1', '192.0.2.2'])).toEqual([]);
});
