import type { EventView, NodeDetail } from '../../proto/contract/api/fleet.js';
import { detailMessage, detailView } from './detail-view.js';
import { Detail } from './draw/detail.js';
import { byId } from './draw/dom.js';
import { EventList } from './draw/event-list.js';
import { NodeList } from './draw/node-list.js';
import { Summary } from './draw/summary.js';
import { EMPTY_FLEET, type FleetMessage, reduce } from './fleet-model.js';
import { FleetSource, fetchNode } from './fleet-source.js';
import { pageView } from './view-model.js';

/** How often an open detail is fetched again; facts themselves are not in the stream. */
const DETAIL_REFRESH_MS = 5_000;
const TICK_MS = 1_000;

/** The page: one model, drawn as a whole at most once per frame and once per second for the ages. */
class App {
  readonly #summary = new Summary();
  readonly #nodes = new NodeList(byId('node-list', HTMLElement), openNode);
  readonly #events = new EventList(byId('event-list', HTMLElement), openNode);
  readonly #detail = new Detail(() => {
    if (location.hash !== '') history.pushState(null, '', location.pathname);
    this.#openId = undefined;
  });
  readonly #source = new FleetSource(
    (message) => {
      this.#take(message);
    },
    () => Date.now(),
  );
  #model = EMPTY_FLEET;
  #openId: string | undefined;
  #opened: { readonly node: NodeDetail; readonly events: readonly EventView[] } | undefined;
  #isDrawDue = false;

  start(): void {
    this.#detail.prepare();
    addEventListener('hashchange', () => {
      this.#followHash();
    });
    setInterval(() => {
      this.#draw();
    }, TICK_MS);
    setInterval(() => {
      if (this.#openId !== undefined) void this.#fetchDetail(this.#openId);
    }, DETAIL_REFRESH_MS);
    this.#followHash();
    void this.#source.start();
  }

  #take(message: FleetMessage): void {
    this.#model = reduce(this.#model, message);
    if (message.kind === 'node' && message.node.id === this.#openId) void this.#fetchDetail(message.node.id);
    if (this.#isDrawDue) return;
    this.#isDrawDue = true;
    requestAnimationFrame(() => {
      this.#isDrawDue = false;
      this.#draw();
    });
  }

  #draw(): void {
    const page = pageView(this.#model, Date.now());
    this.#summary.draw(page);
    this.#nodes.draw(page);
    this.#events.draw(page.events);
    if (this.#openId === undefined || this.#opened?.node.id !== this.#openId) return;
    const { node, events } = this.#opened;
    const listed = this.#model.nodes.get(node.id) ?? { ...node, conditions: [] };
    this.#detail.show(detailView(node, listed, events, Date.now() + this.#model.clockOffsetMs));
  }

  #followHash(): void {
    const id = /^#node=(n-[0-9a-z]{13})$/.exec(location.hash)?.[1];
    this.#openId = id;
    this.#opened = undefined;
    if (id === undefined) {
      this.#detail.close();
      return;
    }
    this.#detail.show(detailMessage(this.#model.nodes.get(id)?.name ?? id, 'Loading'));
    void this.#fetchDetail(id);
  }

  async #fetchDetail(id: string): Promise<void> {
    try {
      const opened = await fetchNode(id);
      if (this.#openId !== id) return;
      this.#opened = opened;
      this.#draw();
    } catch (thrown) {
      if (this.#openId !== id || this.#opened !== undefined) return; // old facts are better than none; the link says so
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      this.#detail.show(detailMessage(id, `This node cannot be shown: ${reason}`));
    }
  }
}

function openNode(id: string): void {
  location.hash = `node=${id}`;
}

new App().start();
