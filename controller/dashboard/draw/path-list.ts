import type { PathRow, PathsView } from '../paths-view.js';
import { byId, element, KeyedList, setText } from './dom.js';

const TITLES = ['Site', 'Tunnel of', 'Tunnel', 'Agent', 'Down', 'Up', 'Reports', 'This month'];

/** The paths to sites: hidden where there is nothing to say of them. */
export class PathList {
  readonly #section = byId('paths', HTMLElement);
  readonly #gateway = byId('gateway', HTMLElement);
  readonly #rows: KeyedList<PathRow>;

  constructor() {
    const heads = TITLES.map((title) => element('th', { scope: 'col' }, title));
    const body = element('tbody');
    const caption = element('caption', { class: 'unseen' }, 'Tunnels, agents and uplinks by site');
    const table = element(
      'table',
      { class: 'nodes paths' },
      caption,
      element('thead', {}, element('tr', {}, ...heads)),
      body,
    );
    byId('path-list', HTMLElement).append(table);
    this.#rows = new KeyedList(body, ({ key }) => key, drawRow);
  }

  draw(view: PathsView): void {
    this.#section.hidden = view.isEmpty;
    setText(this.#gateway, view.gateway);
    this.#gateway.className = `gateway path--${view.tone}`;
    this.#rows.update(view.rows, (row) => JSON.stringify(row));
  }
}

function drawRow(row: PathRow): HTMLElement {
  const words = [row.down, row.up, row.reports, row.month].map((text) => element('td', {}, text));
  const meaning = row.meaning === '' ? undefined : element('span', { class: 'under' }, row.meaning);
  return element(
    'tr',
    { class: `path--${row.tone}` },
    element('th', { scope: 'row' }, row.site),
    element('td', {}, row.client),
    element('td', { class: 'tunnel' }, row.tunnel),
    element('td', {}, row.agent, meaning),
    ...words,
  );
}
