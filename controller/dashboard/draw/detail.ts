import type { DetailView } from '../detail-view.js';
import { STATES } from '../states.js';
import { byId, element, icon, setText } from './dom.js';
import { EventList } from './event-list.js';
import { drawGraphs } from './graphs.js';
import { troubleList } from './trouble-list.js';

/** The detail of one node, over the page. Escape, the close button and the browser's Back close it. */
export class Detail {
  readonly #dialog = byId('detail', HTMLDialogElement);
  readonly #onClose: () => void;
  readonly #body = element('div', { class: 'detail-body' });
  readonly #title = element('h2', { id: 'detail-title' });
  readonly #events = element('div');
  readonly #eventList = new EventList(this.#events, undefined);
  readonly #graphs = element('div');
  #drawn = '';
  #graphsDrawn = '';
  #isRawOpen = false;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  /** Once, before anything is shown. */
  prepare(): void {
    const close = element('button', { type: 'button', class: 'close' }, 'Close');
    close.addEventListener('click', () => {
      this.#dialog.close();
    });
    this.#dialog.addEventListener('close', () => {
      this.#onClose();
    });
    // A click beside the panel lands on the dialog itself.
    this.#dialog.addEventListener('click', (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
    this.#dialog.append(element('div', { class: 'detail-top' }, this.#title, close), this.#body);
  }

  show(view: DetailView): void {
    if (!this.#dialog.open) {
      this.#drawn = '';
      this.#dialog.showModal();
      this.#dialog.scrollTop = 0;
    }
    setText(this.#title, view.name);
    const content = JSON.stringify({ ...view, events: undefined, graphs: undefined });
    if (content !== this.#drawn) {
      this.#drawn = content;
      this.#body.replaceChildren(...this.#sections(view));
    }
    this.#drawGraphs(view);
    this.#eventList.draw(view.events);
  }

  get isOpen(): boolean {
    return this.#dialog.open;
  }

  close(): void {
    if (this.#dialog.open) this.#dialog.close();
  }

  #sections(view: DetailView): readonly HTMLElement[] {
    if (view.message !== undefined) return [element('p', { class: 'notice' }, view.message)];
    const look = STATES[view.state];
    return [
      element(
        'p',
        { class: `node--${view.state} verdict` },
        element('span', { class: 'badge' }, icon(look.icon), look.label),
        ' ',
        view.why,
      ),
      ...(view.troubles.length === 0 ? [] : [troubleList(view.troubles)]),
      ...(view.shelf.length === 0 ? [] : [shelf(view.shelf)]),
      this.#graphs,
      pairs(view.identity),
      ...view.groups.map(({ title, rows }) => element('section', {}, element('h3', {}, title), pairs(rows))),
      element('section', {}, element('h3', {}, 'Last events of this node'), this.#events),
      this.#rawFacts(view.raw),
    ];
  }

  /** Apart from the rest, which changes more often. */
  #drawGraphs({ graphs }: DetailView): void {
    const content = JSON.stringify(graphs);
    if (content === this.#graphsDrawn) return;
    this.#graphsDrawn = content;
    this.#graphs.replaceChildren(...(graphs.length === 0 ? [] : [drawGraphs(graphs)]));
  }

  #rawFacts(raw: DetailView['raw']): HTMLElement {
    const details = element(
      'details',
      {},
      element('summary', {}, `Facts as they were reported (${raw.length})`),
      pairs(raw),
    );
    details.open = this.#isRawOpen;
    details.addEventListener('toggle', () => {
      this.#isRawOpen = details.open;
    });
    return details;
  }
}

/** As on the front of a switch: odd ports above, even ports below. */
function shelf(ports: DetailView['shelf']): HTMLElement {
  const cells = ports.map(({ label, look, words }) =>
    element(
      'li',
      { class: `port port--${look}`, title: words },
      element('span', { 'aria-hidden': 'true' }, label),
      element('span', { class: 'unseen' }, words),
    ),
  );
  return element(
    'section',
    {},
    element('h3', {}, 'Ports'),
    element('ol', { class: 'shelf', tabindex: '0', 'aria-label': 'Ports' }, ...cells),
  );
}

function pairs(rows: readonly (readonly [string, string])[]): HTMLElement {
  return element(
    'dl',
    {},
    ...rows.map(([label, value]) => element('div', {}, element('dt', {}, label), element('dd', {}, value))),
  );
}
