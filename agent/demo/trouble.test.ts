import { expect, test } from 'vitest';
import { seededRandom } from '../../proto/contract/random.js';
import { makePiSpec } from './pi-spec.js';
import { type PlannedPi, planTrouble, TROUBLES, type Trouble, troublesMax } from './trouble.js';

const TICK_MS = 2_000;

/** Plans two hours of a site; calls back for every tick. */
function live(
  pis: number,
  seed: number,
  onTick: (nowMs: number, site: readonly PlannedPi[], began: boolean) => void,
): void {
  const random = seededRandom(seed);
  const site: { spec: PlannedPi['spec']; trouble: Trouble | undefined }[] = Array.from({ length: pis }, (_, index) => ({
    spec: makePiSpec(1, index),
    trouble: undefined,
  }));
  for (let nowMs = 0; nowMs < 2 * 3_600_000; nowMs += TICK_MS) {
    const plan = planTrouble(site, { nowMs, elapsedMs: TICK_MS, random });
    const pi = plan === undefined ? undefined : site[plan.index];
    if (pi !== undefined) pi.trouble = plan?.trouble;
    onTick(nowMs, site, plan !== undefined);
  }
}

const isTroubled =
  (nowMs: number) =>
  ({ trouble }: PlannedPi): boolean =>
    trouble !== undefined && nowMs < trouble.quietUntilMs;

test.for([1, 2, 3, 4, 5])('seed %i: a newcomer sees trouble within two minutes, and never a site in ruins', (seed) => {
  let firstMs: number | undefined;
  let most = 0;
  let someMs = 0;
  live(24, seed, (nowMs, site, began) => {
    if (began) firstMs ??= nowMs;
    const count = site.filter(isTroubled(nowMs)).length;
    most = Math.max(most, count);
    if (count > 0) someMs += TICK_MS;
  });
  expect(firstMs).toBeLessThan(120_000);
  expect(most).toBeLessThanOrEqual(troublesMax(24) + 1);
  expect(someMs).toBeGreaterThan(3_600_000);
});

test('every kind of trouble comes, and only to Pis that it fits', () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 5; seed++) {
    live(24, seed, (_, site, began) => {
      if (!began) return;
      for (const { spec, trouble } of site) {
        if (trouble === undefined) continue;
        seen.add(trouble.name);
        expect(TROUBLES[trouble.name].fits(spec)).toBe(true);
      }
    });
  }
  // A card that dies does so only when somebody breaks it.
  const byItself = Object.keys(TROUBLES).filter((name) => name !== 'card-dying');
  expect([...seen].sort()).toEqual(byItself.sort());
});

test('a Pi has one trouble at a time', () => {
  let quietUntilMs = 0;
  let count = 0;
  live(1, 1, (nowMs, [pi], began) => {
    if (!began) return;
    expect(nowMs).toBeGreaterThanOrEqual(quietUntilMs);
    quietUntilMs = pi?.trouble?.quietUntilMs ?? 0;
    count += 1;
  });
  expect(count).toBeGreaterThan(3);
});
