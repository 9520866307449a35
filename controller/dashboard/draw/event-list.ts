import type { EventRowView } from '../view-model.js';
import { element, KeyedList } from './dom.js';

/** A list of events, newest first. With `onOpen` each node's name opens its detail. */
export class EventList {
  readonly #root: HTMLElement;
  readonly #list = element('ol', { class: 'events' });
  readonly #rows: KeyedList<EventRowView>;
  #isDrawn = false;

  constructor(root: HTMLElement, onOpen: ((nodeId: string) => void) | undefined) {
    this.#root = root;
    this.#rows = new KeyedList(
      this.#list,
      (row) => String(row.id),
      (row) => drawRow(row, onOpen),
    );
  }

  draw(rows: readonly EventRowView[]): void {
    if (!this.#isDrawn || (rows.length === 0) !== (this.#list.childElementCount === 0)) {
      this.#isDrawn = true;
      this.#root.replaceChildren(
        rows.length === 0 ? element('p', { class: 'none' }, 'Nothing has happened yet.') : this.#list,
      );
    }
    this.#rows.update(rows, (row) => JSON.stringify(row));
  }
}

function drawRow(row: EventRowView, onOpen: ((nodeId: string) => void) | undefined): HTMLElement {
  const { nodeId } = row;
  return element(
    'li',
    { class: `event event--${row.severity}` },
    element('time', { datetime: row.timeIso }, row.time),
    element('span', { class: 'severity' }, row.severity),
    element(
      'span',
      { class: 'what' },
      onOpen === undefined || nodeId === undefined ? undefined : nodeButton(nodeId, row.nodeName, onOpen),
      ' ',
      element('strong', {}, row.reason),
      ' ',
      element('span', { class: 'message' }, row.message),
    ),
  );
}

function nodeButton(nodeId: string, name: string, onOpen: (nodeId: string) => void): HTMLElement {
  const button = element('button', { type: 'button', class: 'open', 'aria-haspopup': 'dialog' }, name);
  button.addEventListener('click', () => {
    onOpen(nodeId);
  });
  return button;
}
