import { setTimeout as wait } from 'node:timers/promises';
import { inject, type TestContext } from 'vitest';
import { Rack } from './rack.js';

const POLL_MS = 500;

/** The rack that all suites share; the test is skipped, and says why, where there is none. */
export function sharedRack(skip: TestContext['skip']): Rack {
  const rack = inject('rack');
  if ('missing' in rack) return skip(rack.missing);
  return Rack.open(rack.id);
}

/** Asks again until the answer is yes. @throws Error with `what` after the limit */
export async function until(what: string, limitMs: number, ask: () => Promise<boolean>): Promise<void> {
  const endsAtMs = performance.now() + limitMs;
  while (!(await ask())) {
    if (performance.now() > endsAtMs) throw new Error(`not within ${limitMs / 1_000} s: ${what}`);
    await wait(POLL_MS);
  }
}
