import type { Incident, TimelineEntry } from '../../domain/incidents/incident.js';

export interface IncidentQuery {
  /** Those that are open, those that are closed, or all. */
  readonly state: 'open' | 'closed' | 'all';
  readonly limit: number;
  /** Older than this one. */
  readonly beforeId?: string | undefined;
}

/** One message that a channel still owes, or has brought. Of one incident and channel they go out in their order. */
export interface Delivery {
  /** Ascends. */
  readonly id: number;
  readonly incident: string;
  /** As the configuration calls it. */
  readonly channel: string;
  readonly kind: 'opened' | 'closed';
  readonly createdAtMs: number;
  readonly attempts: number;
  readonly nextAtMs: number;
}

export interface IncidentReader {
  /** Those whose cause is not over, closed by people or not. */
  liveIncidents(): Promise<readonly Incident[]>;
  incident(id: string): Promise<Incident | undefined>;
  /** Newest first. */
  incidents(query: IncidentQuery): Promise<readonly Incident[]>;
  /** Oldest first; the newest of too many. */
  timeline(incident: string, limit: number): Promise<readonly TimelineEntry[]>;
  /** What channels still owe, oldest first. */
  openDeliveries(limit: number): Promise<readonly Delivery[]>;
}

export interface IncidentWriter extends IncidentReader {
  putIncident(incident: Incident): Promise<void>;
  addTimelineEntry(entry: TimelineEntry): Promise<void>;
  addDelivery(delivery: Omit<Delivery, 'id' | 'attempts'>): Promise<void>;
  /** It was tried, and did not arrive. */
  deferDelivery(id: number, attempts: number, nextAtMs: number, error: string): Promise<void>;
  /** It arrived, or nobody wants it any more. */
  removeDelivery(id: number): Promise<void>;
}
