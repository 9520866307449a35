import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EnrollmentNonces, NONCE_BYTES } from './enrollment-nonces.js';
import { FakeWorld } from './testing/fake-world.js';
import { testTrust } from './testing/trust-bench.js';

const KEY = testTrust.sha256(Uint8Array.of(1));
const OTHER = testTrust.sha256(Uint8Array.of(2));

function make(world = new FakeWorld()): { world: FakeWorld; nonces: EnrollmentNonces } {
  return { world, nonces: new EnrollmentNonces(world.clock, world.random, testTrust) };
}

test('a nonce is good for the key that asked, once, for a minute', async () => {
  const { world, nonces } = make();
  const nonce = nonces.give(KEY);
  expect([nonces.isGood(nonce, KEY), nonces.isGood(nonce, OTHER)]).toEqual([true, false]);
  await world.advance(59_999);
  expect(nonces.isGood(nonce, KEY)).toBe(true);
  expect([nonces.use(nonce), nonces.use(nonce), nonces.isGood(nonce, KEY)]).toEqual([true, false, false]);
  const late = nonces.give(KEY);
  await world.advance(60_000);
  expect(nonces.isGood(late, KEY)).toBe(false);
});

test('a step of the wall clock makes no old nonce young', async () => {
  const { world, nonces } = make();
  const nonce = nonces.give(KEY);
  await world.advance(60_000);
  world.stepWallClock(-3_600_000);
  expect(nonces.isGood(nonce, KEY)).toBe(false);
});

test('a nonce of the process before is not good, though its monotonic clock says so', () => {
  const nonce = make(new FakeWorld(1)).nonces.give(KEY);
  expect(make(new FakeWorld(2)).nonces.isGood(nonce, KEY)).toBe(false);
});

test('property: no other bytes are good, however close', () => {
  const { nonces } = make();
  const nonce = nonces.give(KEY);
  fc.assert(
    fc.property(fc.nat(NONCE_BYTES - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const forged = Uint8Array.from(nonce, (byte, index) => (index === at ? byte ^ change : byte));
      expect(nonces.isGood(forged, KEY)).toBe(false);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(nonces.isGood(bytes, KEY)).toBe(false);
    }),
  );
});

test('memory of used nonces is bounded, and empties itself', async () => {
  const { world, nonces } = make();
  for (let i = 0; i < 10_000; i++) expect(nonces.use(nonces.give(KEY))).toBe(true);
  expect(nonces.use(nonces.give(KEY))).toBe(false);
  await world.advance(60_000);
  expect(nonces.use(nonces.give(KEY))).toBe(true);
});
