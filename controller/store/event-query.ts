/** The timeline, or the part of it that belongs to some nodes or sites, found by an index whatever else happened. */

import type { SelectQueryBuilder } from 'kysely';
import type { EventsOf } from '../usecases/ports.js';
import type { Query } from './query.js';
import type { FleetEventRow, Tables } from './schema.js';

/** Places joined in one statement; SQLite allows 500. */
const PLACES_PER_STATEMENT_MAX = 100;

export type EventRows = SelectQueryBuilder<Tables, 'fleet_event', FleetEventRow>;

interface Wanted {
  /** `undefined` = all, those of no node too. */
  readonly of: EventsOf | undefined;
  /** Keeps what comes after the place where the reader is. */
  readonly rest: (events: EventRows) => EventRows;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
}

/**
 * Reads `limit` rows per node or site and keeps the first of all: what others did in between is not read past. One
 * `IN (...)` would be shorter, but then SQLite sorts everything that ever happened at these places.
 */
export async function findEvents(query: Query, { of, rest, order, limit }: Wanted): Promise<readonly FleetEventRow[]> {
  const first = (events: EventRows): EventRows => rest(events).orderBy('id', order).limit(limit);
  const all = (): EventRows => query.selectFrom('fleet_event').selectAll();
  if (of === undefined) return await first(all()).execute();

  const places = [
    ...(of.nodes ?? []).map((id) => () => first(all().where('node_id', '=', id))),
    ...(of.sites ?? []).map((site) => () => first(all().where('site', '=', site))),
  ];
  const pages: Promise<readonly FleetEventRow[]>[] = [];
  for (let from = 0; from < places.length; from += PLACES_PER_STATEMENT_MAX) {
    pages.push(ofPlaces(query, places.slice(from, from + PLACES_PER_STATEMENT_MAX), { order, limit }));
  }
  const rows = (await Promise.all(pages)).flat();
  const sign = order === 'asc' ? 1 : -1;
  return rows.sort((a, b) => sign * (a.id - b.id)).slice(0, limit);
}

async function ofPlaces(
  query: Query,
  places: readonly (() => EventRows)[],
  { order, limit }: Pick<Wanted, 'order' | 'limit'>,
): Promise<readonly FleetEventRow[]> {
  const [head, ...others] = places;
  if (head === undefined) return [];
  if (others.length === 0) return await head().execute();
  // A limited SELECT is a part of a compound only as a subquery.
  const whole = (place: () => EventRows) => query.selectFrom(place().as('place')).selectAll('place');
  const joined = others.reduce((sum, place) => sum.unionAll(whole(place)), whole(head));
  return await query.selectFrom(joined.as('event')).selectAll('event').orderBy('id', order).limit(limit).execute();
}
