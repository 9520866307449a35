import type { Incident, TimelineEntry } from '../domain/incidents/incident.js';
import type { Delivery, IncidentQuery, IncidentReader, IncidentWriter } from '../usecases/incidents/ports.js';
import type { Query } from './query.js';
import { noUndefined, revived, written } from './rows.js';

const LIVE_MAX = 10_000;
const LIST_MAX = 500;
const ENTRIES_MAX = 1_000;

/** Incidents, their stories, and what channels owe of them. */
export class SqlIncidentReader implements IncidentReader {
  protected readonly query: Query;

  constructor(query: Query) {
    this.query = query;
  }

  async liveIncidents(): Promise<readonly Incident[]> {
    const live = this.query.selectFrom('incident').select('record').where('over_at_ms', 'is', null);
    return (await live.orderBy('id').limit(LIVE_MAX).execute()).map(incidentOf);
  }

  async incident(id: string): Promise<Incident | undefined> {
    const row = await this.query.selectFrom('incident').select('record').where('id', '=', id).executeTakeFirst();
    return row === undefined ? undefined : incidentOf(row);
  }

  async incidents({ state, limit, beforeId }: IncidentQuery): Promise<readonly Incident[]> {
    const all = this.query.selectFrom('incident').select('record');
    const wanted = state === 'all' ? all : all.where('closed_at_ms', state === 'open' ? 'is' : 'is not', null);
    const older = beforeId === undefined ? wanted : wanted.where('id', '<', beforeId);
    return (await older.orderBy('id', 'desc').limit(Math.min(limit, LIST_MAX)).execute()).map(incidentOf);
  }

  async timeline(incident: string, limit: number): Promise<readonly TimelineEntry[]> {
    const own = this.query.selectFrom('incident_entry').selectAll().where('incident_id', '=', incident);
    const rows = await own.orderBy('id', 'desc').limit(Math.min(limit, ENTRIES_MAX)).execute();
    return rows.toReversed().map(({ at_ms, kind, about, words, actor }) => ({
      incident,
      atMs: at_ms,
      kind: written<TimelineEntry['kind']>(kind),
      about,
      words,
      actor,
    }));
  }

  async openDeliveries(limit: number): Promise<readonly Delivery[]> {
    const rows = await this.query.selectFrom('alert_delivery').selectAll().orderBy('id').limit(limit).execute();
    return rows.map((row) => ({
      id: row.id,
      incident: row.incident_id,
      channel: row.channel,
      kind: written<Delivery['kind']>(row.kind),
      createdAtMs: row.created_at_ms,
      attempts: row.attempts,
      nextAtMs: row.next_at_ms,
    }));
  }
}

export class SqlIncidentWriter extends SqlIncidentReader implements IncidentWriter {
  async putIncident(incident: Incident): Promise<void> {
    const { id, openedAtMs, closedAtMs, overAtMs } = incident;
    const rest = {
      opened_at_ms: openedAtMs,
      closed_at_ms: closedAtMs ?? null,
      over_at_ms: overAtMs ?? null,
      record: JSON.stringify(incident, noUndefined),
    };
    const insert = this.query.insertInto('incident').values({ id, ...rest });
    await insert.onConflict((conflict) => conflict.column('id').doUpdateSet(rest)).execute();
  }

  async addTimelineEntry({ incident, atMs, ...entry }: TimelineEntry): Promise<void> {
    const row = { incident_id: incident, at_ms: Math.round(atMs), ...entry };
    await this.query.insertInto('incident_entry').values(row).execute();
  }

  async addDelivery({
    incident,
    channel,
    kind,
    createdAtMs,
    nextAtMs,
  }: Omit<Delivery, 'id' | 'attempts'>): Promise<void> {
    const row = { incident_id: incident, channel, kind, created_at_ms: createdAtMs, next_at_ms: nextAtMs };
    await this.query
      .insertInto('alert_delivery')
      .values({ ...row, attempts: 0, error: '' })
      .execute();
  }

  async deferDelivery(id: number, attempts: number, nextAtMs: number, error: string): Promise<void> {
    const changed = this.query.updateTable('alert_delivery').set({ attempts, next_at_ms: Math.round(nextAtMs), error });
    await changed.where('id', '=', id).execute();
  }

  async removeDelivery(id: number): Promise<void> {
    await this.query.deleteFrom('alert_delivery').where('id', '=', id).execute();
  }
}

function incidentOf({ record }: { readonly record: string }): Incident {
  const incident = revived<Incident>(record);
  const members = incident.members.map((member) => ({ ...member, wellSinceMs: member.wellSinceMs ?? undefined }));
  return { ...incident, members };
}
