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
import { type BoardElsewhere, endOtherSite, hangElsewhere, startOtherSite } from './other-site.js';
import type { Rack } from './rack.js';
import { until } from './testing.js';

/**
 * A system that was cut off from its disk for minutes asks again after two more at the latest, twice where a first answer is lost,
 * and then its agent does.
 */
const BACK_LIMIT_MS = 480_000;

export interface SharedCause {
  readonly cause: string;
  /** Of the table of evidence. */
  readonly row: string;
  /** As `bramble why` tells it of a Pi. */
  readonly words: string;
  /** Those that are out while it lasts. */
  readonly cables: readonly string[];
}

/**
 * One cause follows the other at once; during each of them another Pi of another site has its power cycled. It hangs since the one
 * before it had its own cut, and waits for that one to be well: no more are helped at once in a site.
 */
export async function holdsHereHealsThere(rack: Rack, causes: readonly SharedCause[]): Promise<void> {
  const [before, out] = [await boots(rack), new Set<string>()];
  try {
    const elsewhere = await startOtherSite(rack);
    const sinceMs = Date.now();
    try {
      await hangElsewhere(rack, elsewhere[0] ?? expect.unreachable('somebody there has no card'));
      for (const [index, cause] of causes.entries()) {
        const hung = elsewhere[index] ?? expect.unreachable('a board for each cause');
        const next = index + 1 < causes.length ? elsewhere[index + 1] : undefined;
        await setCables(rack, out, cause.cables);
        await holdsWhile(rack, cause, hung, next);
      }
      for (const { name } of elsewhere.slice(0, causes.length)) {
        const state = async () => (await healingOf(rack, name)).state;
        await until('it is well elsewhere', HEALED_LIMIT_MS, state, (seen) => seen === 'probation');
        expect(await incidentSince(rack, `node:${name}`, sinceMs)).toMatchObject({ row: 'hung' });
      }
    } finally {
      await setCables(rack, out, []);
    }
    await rack.controller.connected(rack.guestNames, BACK_LIMIT_MS);
    expect(await boots(rack)).toEqual(before);
    expect(await actsSince(rack, sinceMs)).toEqual([]);
    const cycles = elsewhere.slice(0, causes.length).map(({ switch: name, port }) => `${name} cycle ${port} succeeded`);
    expect(await ordersSince(rack, sinceMs)).toEqual(cycles);
  } finally {
    await endOtherSite(rack);
  }
}

/** Plugs in what is out and is not to be, after it has taken out what is. */
async function setCables(rack: Rack, out: Set<string>, wanted: readonly string[]): Promise<void> {
  for (const cable of wanted) {
    if (out.has(cable)) continue;
    await breaks(rack, 'cable-cut', cable);
    out.add(cable);
  }
  for (const cable of [...out]) {
    if (wanted.includes(cable)) continue;
    await breaks(rack, 'cable-mend', cable);
    out.delete(cable);
  }
}

async function holdsWhile(
  rack: Rack,
  { cause, row, words }: SharedCause,
  hung: BoardElsewhere,
  next: BoardElsewhere | undefined,
): Promise<void> {
  const sinceMs = Date.now();
  // It may have an incident already, for something that is over since a moment ago.
  const told = () => incidentSince(rack, cause, 0);
  const isTold = (seen: Awaited<ReturnType<typeof told>>) => seen?.state === 'open' && seen.row.includes(row);
  const incident = await until(`there is an incident of ${cause} by ${row}`, FACT_LIMIT_MS, told, isTold);
  const state = async () => (await healingOf(rack, hung.name)).state;
  const isIn = (states: readonly string[]) => (seen: string) => states.includes(seen);
  await until('its power is cut elsewhere', HEALED_LIMIT_MS, state, isIn(['acting', 'verifying']));
  if (next !== undefined) await hangElsewhere(rack, next);
  await untilJudged(rack, sinceMs);
  await until('it has power again elsewhere', HEALED_LIMIT_MS, state, isIn(['verifying', 'probation']));
  expect(await actsSince(rack, sinceMs)).toEqual([]);
  for (const { name } of rack.spec.pis) {
    expect((await healingOf(rack, name)).state).toBe('held-by-cause');
    expect(await bramble(rack, 'why', name)).toContain(words);
  }
  expect(incident?.severity).toBe('critical');
  const members = (await told())?.members.map(({ name }) => name).toSorted();
  expect(members).toEqual(rack.spec.pis.map(({ name }) => name));
}
