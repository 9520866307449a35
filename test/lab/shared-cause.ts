/** What a whole site's Pis share is gone: they are out of sight with it, and nothing is done to them; others are healed. */

import { expect } from 'vitest';
import { breaks } from './faults.js';
import {
  actsSince,
  boots,
  bramble,
  FACT_LIMIT_MS,
  HEALED_LIMIT_MS,
  healingOf,
  incidentSince,
  ordersSince,
  untilJudged,
} from './healing.js';
import { endOtherSite, HUNG_ELSEWHERE, hangElsewhere, startOtherSite } from './other-site.js';
import type { Rack } from './rack.js';
import { until } from './testing.js';

export interface SharedCause {
  readonly cause: string;
  /** Of the table of evidence. */
  readonly row: string;
  /** As `bramble why` tells it of a Pi. */
  readonly words: string;
  /** Cut together. */
  readonly cables: readonly string[];
}

/** Cuts what they share while a Pi of another site hangs, and mends it when that one is well. */
export async function holdsHereHealsThere(rack: Rack, { cause, row, words, cables }: SharedCause): Promise<void> {
  await startOtherSite(rack);
  try {
    const before = await boots(rack);
    const sinceMs = Date.now();
    const orders = () => ordersSince(rack, sinceMs);
    await hangElsewhere(rack);
    for (const cable of cables) await breaks(rack, 'cable-cut', cable);
    try {
      // It may have one already, for something that is over since a moment ago.
      const told = () => incidentSince(rack, cause, 0);
      const isTold = (seen: Awaited<ReturnType<typeof told>>) => seen?.state === 'open' && seen.row.includes(row);
      await until(`there is an incident of ${cause} by ${row}`, FACT_LIMIT_MS, told, isTold);
      await untilJudged(rack, sinceMs);
      const hung = () => healingOf(rack, HUNG_ELSEWHERE.name);
      await until('it is well elsewhere', HEALED_LIMIT_MS, hung, ({ state }) => state === 'probation');
      expect(await incidentSince(rack, `node:${HUNG_ELSEWHERE.name}`, sinceMs)).toMatchObject({ row: 'hung' });
      expect(await orders()).toEqual([`${HUNG_ELSEWHERE.switch} cycle ${HUNG_ELSEWHERE.port} succeeded`]);
      expect(await actsSince(rack, sinceMs)).toEqual([]);
      for (const { name } of rack.spec.pis) {
        expect((await healingOf(rack, name)).state).toBe('held-by-cause');
        expect(await bramble(rack, 'why', name)).toContain(words);
      }
      const members = (await told())?.members.map(({ name }) => name).toSorted();
      expect(members).toEqual(rack.spec.pis.map(({ name }) => name));
    } finally {
      for (const cable of cables) await breaks(rack, 'cable-mend', cable);
    }
    await rack.controller.connected(rack.guestNames, FACT_LIMIT_MS);
    expect(await boots(rack)).toEqual(before);
    expect(await actsSince(rack, sinceMs)).toEqual([]);
  } finally {
    await endOtherSite(rack);
  }
}
