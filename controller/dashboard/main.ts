import type { NodeDetail, NodeView } from '../../proto/contract/api/fleet.js';
import type { IncidentDetail } from '../../proto/contract/api/incidents.js';
import { type Filter, NO_FILTER, parseAddress, renderAddress } from './address.js';
import { AnswerDialog } from './answer.js';
import { detailMessage, detailView } from './detail-view.js';
import { Detail } from './draw/detail.js';
import { byId } from './draw/dom.js';
import { EventList } from './draw/event-list.js';
import { FilterBar } from './draw/filter-bar.js';
import { IncidentList } from './draw/incident-list.js';
import { NodeList } from './draw/node-list.js';
import { PathList } from './draw/path-list.js';
import { Summary } from './draw/summary.js';
import { EMPTY_FLEET, type FleetMessage, reduce } from './fleet-model.js';
import { FleetSource, fetchHistory, fetchNode, fetchPaths, getJson, type OpenedNode } from './fleet-source.js';
import { GRAPH_MS, type GraphView, graphViews, wantedSeries } from './graph-view.js';
import { fetchIncidents } from './incident-source.js';
import { incidentsView } from './incidents-view.js';
import { keyAction } from './keyboard.js';
import { PasswordDialog } from './password.js';
import { showSession } from './session.js';
import { PLAIN_LOOK, pageView, ROWS_STEP } from './view-model.js';

/** How often an open detail is fetched again; facts themselves are not in the stream. */
const DETAIL_REFRESH_MS = 5_000;
/** Their stories are not in the stream; news of them is, and is looked after at once. */
const INCIDENTS_REFRESH_MS = 5_000;
/** The graphs have parts of half a minute. */
const GRAPHS_REFRESH_MS = 15_000;
/** As often as the gateway is looked at. */
const PATHS_REFRESH_MS = 5_000;
const TICK_MS = 1_000;
/** In the browser's own measurements: everything was told, and then drawn. */
const LIVE_MARK = 'bramble live';
const DRAWN_MARK = 'bramble drawn';

/** The page: one model, drawn as a whole at most once per frame and once per second for the ages. */
class App {
  readonly #summary = new Summary();
  readonly #filterBar = new FilterBar((filter) => {
    this.#setFilter(filter);
  });
  readonly #incidentList = new IncidentList({
    section: byId('incidents', HTMLElement),
    list: byId('incident-list', HTMLElement),
    status: byId('incidents-status', HTMLElement),
    openNode: (id) => this.#openNode(id),
    toggle: (id) => this.#toggleStory(id),
    answer: (incident) => this.#answer.open(incident),
  });
  readonly #nodes = new NodeList(byId('node-list', HTMLElement), {
    openNode: (id) => this.#openNode(id),
    toggleSite: (site) => this.#toggleSite(site),
    showMore: (site) => this.#showMore(site),
    clearFilter: () => this.#setFilter(NO_FILTER),
  });
  readonly #events = new EventList(byId('event-list', HTMLElement), (id) => this.#openNode(id));
  readonly #paths = new PathList();
  readonly #help = byId('help', HTMLDialogElement);
  readonly #password = new PasswordDialog();
  readonly #answer = new AnswerDialog(() => void this.#fetchIncidents());
  readonly #detail = new Detail(() => {
    if (this.#openId !== undefined) this.#go(undefined);
    this.#openId = undefined;
  });
  readonly #source = new FleetSource(
    (message) => {
      this.#take(message);
    },
    () => Date.now(),
  );
  #model = EMPTY_FLEET;
  /** Changes of nodes since the last frame: taken together, because each may touch the whole list. */
  #changed: NodeView[] = [];
  #look = PLAIN_LOOK;
  #openId: string | undefined;
  #opened: OpenedNode | undefined;
  #incidents: readonly IncidentDetail[] = [];
  #openStories: ReadonlySet<string> = new Set();
  #isAskingIncidents = false;
  #graphs: readonly GraphView[] = [];
  #graphsAtMs = 0;
  #isDrawDue = false;

  start(): void {
    this.#detail.prepare();
    this.#filterBar.prepare();
    addEventListener('hashchange', () => {
      this.#followAddress();
    });
    addEventListener('keydown', (event) => {
      this.#onKey(event);
    });
    byId('show-help', HTMLButtonElement).addEventListener('click', () => {
      this.#help.showModal();
    });
    setInterval(() => {
      this.#draw();
    }, TICK_MS);
    setInterval(() => {
      if (this.#openId !== undefined) void this.#fetchDetail(this.#openId);
    }, DETAIL_REFRESH_MS);
    setInterval(() => void this.#fetchIncidents(), INCIDENTS_REFRESH_MS);
    this.#followAddress();
    showSession({ name: byId('session-name', HTMLElement), button: byId('logout', HTMLButtonElement) })
      .then((session) => {
        this.#password.offer(byId('show-password', HTMLButtonElement), session);
        this.#answer.prepare(session);
      })
      .catch(() => {
        // The controller is away: the link says so, and asks again before it follows the fleet.
      });
    setInterval(() => {
      if (!document.hidden) void this.#fetchPaths();
    }, PATHS_REFRESH_MS);
    void this.#source.start().then(() => this.#fetchPaths());
  }

  async #fetchPaths(): Promise<void> {
    try {
      this.#paths.draw(await fetchPaths());
    } catch {
      // The controller is away: the link says so, and what was known stays.
    }
  }

  #take(message: FleetMessage): void {
    if (message.kind === 'changed') {
      this.#changed.push(...message.nodes);
      if (message.nodes.some(({ id }) => id === this.#openId)) void this.#fetchDetail(this.#openId ?? '');
    } else {
      this.#takeChanged(); // in the order in which they came
      if (message.kind === 'live') performance.mark(LIVE_MARK);
      this.#model = reduce(this.#model, message);
      if (message.kind === 'live' || message.kind === 'events') void this.#fetchIncidents();
    }
    this.#drawSoon();
  }

  #takeChanged(): void {
    if (this.#changed.length === 0) return;
    this.#model = reduce(this.#model, { kind: 'changed', nodes: this.#changed });
    this.#changed = [];
  }

  #drawSoon(): void {
    if (this.#isDrawDue) return;
    this.#isDrawDue = true;
    requestAnimationFrame(() => {
      this.#isDrawDue = false;
      this.#draw();
    });
  }

  #draw(): void {
    this.#takeChanged();
    const page = pageView(this.#model, Date.now(), this.#look);
    const look = { opened: this.#openStories, mayAnswer: this.#answer.mayAnswer };
    this.#incidentList.draw(incidentsView(this.#incidents, this.#controllerMs(), look));
    this.#summary.draw(page);
    this.#filterBar.draw(page);
    this.#nodes.draw(page);
    this.#events.draw(page.events);
    if (performance.getEntriesByName(LIVE_MARK).length > performance.getEntriesByName(DRAWN_MARK).length) {
      performance.mark(DRAWN_MARK);
    }
    if (this.#openId === undefined || this.#opened?.node.id !== this.#openId) return;
    const { node, events, changes } = this.#opened;
    const listed = this.#model.nodes.get(node.id) ?? { ...node, conditions: [] };
    const fleet = [...this.#model.nodes.values()];
    this.#detail.show(detailView(node, listed, events, this.#controllerMs(), { graphs: this.#graphs, fleet, changes }));
  }

  #controllerMs(): number {
    return Date.now() + this.#model.clockOffsetMs;
  }

  async #fetchIncidents(): Promise<void> {
    if (this.#isAskingIncidents) return;
    this.#isAskingIncidents = true;
    try {
      this.#incidents = await fetchIncidents(getJson, this.#incidents, this.#controllerMs());
      this.#drawSoon();
    } catch {
      // The controller is away: the link says so, and what was known stays.
    } finally {
      this.#isAskingIncidents = false;
    }
  }

  #toggleStory(id: string): void {
    const openStories = new Set(this.#openStories);
    if (!openStories.delete(id)) openStories.add(id);
    this.#openStories = openStories;
    this.#draw();
  }

  #setFilter(filter: Filter): void {
    this.#look = { ...this.#look, filter, moreRows: new Map() };
    // Not one entry of the history for every letter.
    history.replaceState(null, '', `${location.pathname}${renderAddress({ filter, nodeId: this.#openId })}`);
    this.#drawSoon();
  }

  #toggleSite(site: string): void {
    const closedSites = new Set(this.#look.closedSites);
    if (!closedSites.delete(site)) closedSites.add(site);
    this.#look = { ...this.#look, closedSites };
    this.#draw();
  }

  #showMore(site: string): void {
    const moreRows = new Map(this.#look.moreRows).set(site, (this.#look.moreRows.get(site) ?? 0) + ROWS_STEP);
    this.#look = { ...this.#look, moreRows };
    this.#draw();
  }

  #openNode(id: string): void {
    this.#go(id);
    this.#followAddress();
  }

  #go(nodeId: string | undefined): void {
    const address = renderAddress({ filter: this.#look.filter, nodeId });
    if (address !== location.hash) history.pushState(null, '', `${location.pathname}${address}`);
  }

  #followAddress(): void {
    const { filter, nodeId, incidentId } = parseAddress(location.hash);
    if (incidentId !== undefined) this.#openStories = new Set([...this.#openStories, incidentId]);
    this.#look = { ...this.#look, filter };
    this.#drawSoon();
    if (nodeId === this.#openId) return;
    this.#openId = nodeId;
    this.#opened = undefined;
    this.#graphs = [];
    this.#graphsAtMs = 0;
    if (nodeId === undefined) {
      this.#detail.close();
      return;
    }
    this.#detail.show(detailMessage(this.#model.nodes.get(nodeId)?.name ?? nodeId, 'Loading'));
    void this.#fetchDetail(nodeId);
  }

  async #fetchDetail(id: string): Promise<void> {
    try {
      const opened = await fetchNode(id);
      if (this.#openId !== id) return;
      this.#opened = opened;
      this.#draw();
      await this.#fetchGraphs(opened.node);
    } catch (thrown) {
      if (this.#openId !== id || this.#opened !== undefined) return; // old facts are better than none; the link says so
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      this.#detail.show(detailMessage(id, `This node cannot be shown: ${reason}`));
    }
  }

  async #fetchGraphs(node: NodeDetail): Promise<void> {
    if (Date.now() - this.#graphsAtMs < GRAPHS_REFRESH_MS) return;
    this.#graphsAtMs = Date.now();
    const toMs = this.#controllerMs();
    // What was recorded before the hour may still hold when it begins.
    const points = await fetchHistory(node.id, wantedSeries(node), { fromMs: toMs - 1.25 * GRAPH_MS, toMs });
    if (this.#openId !== node.id) return;
    this.#graphs = graphViews(node, points, toMs);
    this.#draw();
  }

  #onKey(event: KeyboardEvent): void {
    const { key, ctrlKey, altKey, metaKey, target } = event;
    const isTyping = target instanceof HTMLInputElement;
    const isAsking = this.#help.open || this.#password.isOpen || this.#answer.isOpen;
    const action = isAsking ? undefined : keyAction({ key, ctrlKey, altKey, metaKey, isTyping });
    const isArrow = key.startsWith('Arrow');
    // In an open node the arrows scroll, as everywhere; the letters go to the next one.
    if (action === undefined || (this.#detail.isOpen && (isArrow || action === 'filter'))) return;
    event.preventDefault();
    if (action === 'help') this.#help.showModal();
    else if (action === 'filter') this.#filterBar.focus();
    else if (this.#detail.isOpen) this.#openBeside(action === 'next' ? 1 : -1);
    else this.#nodes.move(action === 'next' ? 1 : -1);
  }

  /** Opens the node below or above the open one, in the order of the list. */
  #openBeside(by: 1 | -1): void {
    const ids = pageView(this.#model, Date.now(), this.#look).sites.flatMap(({ nodes }) => nodes.map(({ id }) => id));
    const id = ids[ids.indexOf(this.#openId ?? '') + by];
    if (id !== undefined) this.#openNode(id);
  }
}

new App().start();
