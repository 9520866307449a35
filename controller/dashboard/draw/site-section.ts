import { STATES } from '../states.js';
import { type NodeRowView, ROWS_STEP, type SiteView, type TroubleView } from '../view-model.js';
import type { NodeListActions } from './actions.js';
import { type Child, element, icon, KeyedList, setText } from './dom.js';
import { troubleList } from './trouble-list.js';

/** One site: its name, its nodes counted by state, and their table. Ages are drawn apart, because they change every second. */
export class SiteSection {
  readonly root: HTMLElement;
  readonly #actions: NodeListActions;
  readonly #toggle: HTMLElement;
  readonly #counts = element('span', { class: 'site-counts' });
  readonly #table: HTMLTableElement;
  readonly #rows: KeyedList<NodeRowView>;
  readonly #ages = new Map<
    string,
    { readonly row: HTMLElement; readonly seen: Element; readonly since: NodeListOf<Element> }
  >();
  readonly #more = element('button', { type: 'button', class: 'button more' });

  constructor(site: string, actions: NodeListActions) {
    this.#actions = actions;
    const name = element('span', { class: 'site-name' }, site);
    this.#toggle = element('button', { type: 'button', class: 'site-toggle' }, icon('M5.5 3.5 10.5 8l-5 4.5'), name);
    this.#toggle.addEventListener('click', () => {
      actions.toggleSite(site);
    });
    this.#more.addEventListener('click', () => {
      actions.showMore(site);
    });
    const body = element('tbody');
    const caption = element('caption', { class: 'unseen' }, `Nodes of site ${site}`);
    this.#table = element('table', { class: 'nodes' }, caption, headRow('State', 'Node', 'Why', 'Last seen'), body);
    this.#rows = new KeyedList(
      body,
      (row) => row.id,
      (row) => this.#drawRow(row),
    );
    const head = element('h3', { class: 'site-head' }, this.#toggle, this.#counts);
    this.root = element('section', { class: 'site' }, head, this.#table, this.#more);
  }

  draw(view: SiteView): void {
    this.#toggle.setAttribute('aria-expanded', String(view.isOpen));
    this.#table.hidden = !view.isOpen;
    this.#drawCounts(view);
    this.#rows.update(view.nodes, (row) => JSON.stringify({ ...row, seen: '', troubles: row.troubles.map(unaged) }));
    for (const row of view.nodes) this.#drawAges(row);
    if (this.#ages.size > view.nodes.length) {
      for (const [id, { row }] of this.#ages) if (!row.isConnected) this.#ages.delete(id);
    }
    this.#more.hidden = view.hidden === 0;
    setText(this.#more, `Show ${Math.min(ROWS_STEP, view.hidden)} of ${view.hidden} more`);
  }

  #drawCounts({ counts, count }: SiteView): void {
    const words = counts.map((each) => `${each.count} ${STATES[each.state].label.toLowerCase()}`).join(', ');
    if (this.#counts.getAttribute('data-words') === words) return;
    this.#counts.setAttribute('data-words', words);
    this.#counts.replaceChildren(
      element('span', { class: 'site-total' }, `${count} ${count === 1 ? 'node' : 'nodes'}:`),
      ...counts.map(({ state, count: of }) =>
        element(
          'span',
          { class: `site-count node--${state}` },
          icon(STATES[state].icon),
          `${of} ${STATES[state].label.toLowerCase()}`,
        ),
      ),
    );
  }

  #drawRow(row: NodeRowView): HTMLElement {
    const look = STATES[row.state];
    const name = element('button', { type: 'button', class: 'open', 'aria-haspopup': 'dialog' }, row.name);
    const age = element('span', { class: 'age' });
    const line = element(
      'tr',
      { class: `node node--${row.state}`, 'data-node': row.id },
      element('td', { class: 'state' }, element('span', { class: 'badge' }, icon(look.icon), look.label)),
      element('th', { scope: 'row' }, name, element('span', { class: 'under' }, row.where)),
      element('td', { class: 'what' }, ...whatIsWrong(row)),
      element('td', { class: 'seen' }, element('span', { class: 'label' }, 'Last seen '), age),
    );
    this.#ages.set(row.id, { row: line, seen: age, since: line.querySelectorAll('.since') });
    // The whole row is a target for the mouse; the button is the one for the keyboard.
    line.addEventListener('click', () => {
      if (document.getSelection()?.type !== 'Range') this.#actions.openNode(row.id);
    });
    return line;
  }

  #drawAges(row: NodeRowView): void {
    const ages = this.#ages.get(row.id);
    if (ages === undefined) return;
    setText(ages.seen, row.seen);
    ages.since.forEach((since, index) => {
      setText(since, row.troubles[index]?.since ?? '');
    });
  }
}

function headRow(...titles: readonly string[]): HTMLElement {
  return element('thead', {}, element('tr', {}, ...titles.map((title) => element('th', { scope: 'col' }, title))));
}

function whatIsWrong(row: NodeRowView): readonly Child[] {
  const why = row.why === undefined ? undefined : element('p', { class: 'why' }, row.why);
  return [why, row.troubles.length === 0 ? undefined : troubleList(row.troubles)];
}

function unaged(trouble: TroubleView): TroubleView {
  return { ...trouble, since: '' };
}
