import type { EventView, NodeDetail, NodeView } from '../../proto/contract/api/fleet.js';
import type { EventList, FactHistory, SiteList } from '../../proto/contract/api/lists.js';
import type { OverlayView } from '../../proto/contract/api/overlay.js';
import type { ProvisioningList, ProvisioningView } from '../../proto/contract/api/provisioning.js';
import type { FleetMessage } from './fleet-model.js';
import type { WantedSeries } from './graph-view.js';
import { type PathsView, pathsView } from './paths-view.js';
import type { Points } from './series.js';
import { leaveWhenSignedOut, requireSession } from './session.js';

/** Three beats of the controller: beyond it the stream is dead although the browser still thinks it open. */
const SILENCE_MS_MAX = 45_000;
const REOPEN_MS = 2_000;

/**
 * Brings the controller's stream to the page. Events are fetched once and then followed from there, by id, so that none
 * is left out however often the connection breaks. The server is ours and has checked what it sends (zod, on its side).
 */
export class FleetSource {
  readonly #tell: (message: FleetMessage) => void;
  readonly #nowMs: () => number;
  #newestEventId = 0;
  #stream: EventSource | undefined;
  #silence = 0;

  constructor(tell: (message: FleetMessage) => void, nowMs: () => number) {
    this.#tell = tell;
    this.#nowMs = nowMs;
  }

  async start(): Promise<void> {
    try {
      const { events } = await getJson<EventList>('/api/v1/events?limit=100');
      this.#takeEvents(events);
      this.#open();
    } catch {
      // The controller is away: said on the page, tried again below.
      this.#lost();
    }
  }

  #open(): void {
    this.#stream?.close();
    const stream = new EventSource(`/api/v1/events/stream?afterId=${this.#newestEventId}`);
    this.#stream = stream;
    this.#heard();
    stream.addEventListener('open', () => {
      this.#tell({ kind: 'opened' });
    });
    stream.addEventListener('error', () => {
      this.#lost();
    });
    this.#on<readonly NodeView[]>(stream, 'nodes', (nodes) => {
      this.#tell({ kind: 'nodes', nodes });
    });
    this.#on<NodeView>(stream, 'node', (node) => {
      this.#tell({ kind: 'changed', nodes: [node] });
    });
    this.#on<EventView>(stream, 'event', (event) => {
      this.#takeEvents([event]);
    });
    this.#on<{ readonly newestId: number }>(stream, 'reset', () => {
      location.reload(); // the controller's history is another one now
    });
    this.#on<{ readonly nowMs: number }>(stream, 'live', ({ nowMs }) => {
      this.#tell({ kind: 'live', controllerMs: nowMs, nowMs: this.#nowMs() });
    });
    this.#on(stream, 'beat', () => undefined);
  }

  #on<Data>(stream: EventSource, name: string, take: (data: Data) => void): void {
    stream.addEventListener(name, (message: MessageEvent<string>) => {
      this.#heard();
      take(JSON.parse(message.data) as Data); // checked by the server against the same schema
    });
  }

  #takeEvents(events: readonly EventView[]): void {
    for (const { id } of events) this.#newestEventId = Math.max(this.#newestEventId, id);
    this.#tell({ kind: 'events', events });
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#lost();
    }, SILENCE_MS_MAX);
  }

  /** Always opens a new stream by itself: browsers give up for good on some failures. */
  #lost(): void {
    this.#stream?.close();
    this.#stream = undefined;
    this.#tell({ kind: 'lost', nowMs: this.#nowMs() });
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      void this.#reopen();
    }, REOPEN_MS);
  }

  /** A stream does not say why it was refused, so somebody who does is asked first. */
  async #reopen(): Promise<void> {
    try {
      await requireSession();
      this.#open();
    } catch {
      this.#lost();
    }
  }
}

/** What is shown of one node. */
export interface OpenedNode {
  readonly node: NodeDetail;
  readonly events: readonly EventView[];
  /** Of what it boots, newest first. */
  readonly changes: readonly ProvisioningView[];
}

/** @throws Error with the controller's own words */
export async function fetchNode(id: string): Promise<OpenedNode> {
  const path = encodeURIComponent(id);
  const [node, { events }] = await Promise.all([
    getJson<NodeDetail>(`/api/v1/nodes/${path}`),
    getJson<EventList>(`/api/v1/events?node=${path}&limit=20`),
  ]);
  const changes = `/api/v1/provisioning?limit=1&node=${encodeURIComponent(node.name)}`;
  const { provisionings } = await getJson<ProvisioningList>(changes);
  return { node, events, changes: provisionings };
}

/** How sites are reached; nothing more is asked where there is no overlay. @throws Error with the controller's own words */
export async function fetchPaths(): Promise<PathsView> {
  const { sites, hasOverlay } = await getJson<SiteList>('/api/v1/sites');
  return pathsView(sites, hasOverlay ? await getJson<OverlayView>('/api/v1/overlay') : undefined);
}

/** What was recorded of several facts of one node, in their order. @throws Error with the controller's own words */
export async function fetchHistory(
  id: string,
  wanted: readonly WantedSeries[],
  span: { readonly fromMs: number; readonly toMs: number },
): Promise<readonly Points[]> {
  const path = `/api/v1/nodes/${encodeURIComponent(id)}/history`;
  const asked = wanted.map(({ fact, instance }) => {
    const query = { fact, instance, fromMs: String(Math.floor(span.fromMs)), toMs: String(Math.floor(span.toMs)) };
    return getJson<FactHistory>(`${path}?${new URLSearchParams(query).toString()}`);
  });
  return (await Promise.all(asked)).map(({ points }) => points);
}

/** @throws Error with the controller's own words */
export async function getJson<Data>(path: string): Promise<Data> {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  leaveWhenSignedOut(response);
  const body: unknown = await response.json();
  if (response.ok) return body as Data; // checked by the server against the same schema
  const message = typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : '';
  throw new Error(message === '' ? `the controller answered with status ${response.status}` : message);
}
