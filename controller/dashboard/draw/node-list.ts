import { STATES } from '../states.js';
import type { NodeRowView, PageView, TroubleView } from '../view-model.js';
import { type Child, element, icon, KeyedList, setText } from './dom.js';

/** The table of nodes. Ages are kept apart from the rest of a row, because they change every second. */
export class NodeList {
  readonly #root: HTMLElement;
  readonly #onOpen: (id: string) => void;
  readonly #table: HTMLTableElement;
  readonly #rows: KeyedList<NodeRowView>;
  readonly #more = element('p', { class: 'more' });
  #shown: 'nothing' | 'empty' | 'table' = 'nothing';

  constructor(root: HTMLElement, onOpen: (id: string) => void) {
    this.#root = root;
    this.#onOpen = onOpen;
    const body = element('tbody');
    this.#table = element('table', { class: 'nodes' }, headRow('State', 'Node', 'Why', 'Last seen'), body);
    this.#rows = new KeyedList(
      body,
      (row) => row.id,
      (row) => this.#drawRow(row),
    );
  }

  draw(page: PageView): void {
    const shown = page.isEmpty ? 'empty' : page.nodes.length > 0 ? 'table' : 'nothing';
    if (shown !== this.#shown) {
      this.#shown = shown;
      this.#root.replaceChildren(...(shown === 'empty' ? [emptyFleet()] : shown === 'table' ? [this.#table] : []));
      if (shown === 'table') this.#root.append(this.#more);
    }
    if (shown !== 'table') return;
    this.#rows.update(page.nodes, (row) => JSON.stringify({ ...row, seen: '', troubles: row.troubles.map(unaged) }));
    for (const row of page.nodes) this.#drawAges(row);
    const hidden = page.nodesHidden;
    setText(this.#more, hidden === 0 ? '' : `and ${hidden} more nodes; bramble get nodes lists all`);
  }

  #drawRow(row: NodeRowView): HTMLElement {
    const look = STATES[row.state];
    const name = element('button', { type: 'button', class: 'open', 'aria-haspopup': 'dialog' }, row.name);
    const line = element(
      'tr',
      { class: `node node--${row.state}`, 'data-node': row.id },
      element('td', { class: 'state' }, element('span', { class: 'badge' }, icon(look.icon), look.label)),
      element('th', { scope: 'row' }, name, element('span', { class: 'under' }, row.where)),
      element('td', { class: 'what' }, ...whatIsWrong(row)),
      element(
        'td',
        { class: 'seen' },
        element('span', { class: 'label' }, 'Last seen '),
        element('span', { class: 'age' }),
      ),
    );
    // The whole row is a target for the mouse; the button is the one for the keyboard.
    line.addEventListener('click', () => {
      if (document.getSelection()?.type !== 'Range') this.#onOpen(row.id);
    });
    return line;
  }

  #drawAges(row: NodeRowView): void {
    const line = this.#table.querySelector(`tr[data-node="${CSS.escape(row.id)}"]`);
    if (line === null) return;
    const age = line.querySelector('.age');
    if (age !== null) setText(age, row.seen);
    line.querySelectorAll('.since').forEach((since, index) => {
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

/** Ages are filled in by the caller, into `.since`. */
export function troubleList(troubles: readonly TroubleView[]): HTMLElement {
  return element(
    'ul',
    { class: 'troubles' },
    ...troubles.map((trouble) =>
      element(
        'li',
        { class: `trouble trouble--${trouble.severity}` },
        element('span', { class: 'severity' }, trouble.severity),
        ' ',
        element('strong', {}, trouble.message),
        ' ',
        element('span', { class: 'since' }, trouble.since),
        element('span', { class: 'remedy' }, trouble.remedy),
      ),
    ),
  );
}

function unaged(trouble: TroubleView): TroubleView {
  return { ...trouble, since: '' };
}

function emptyFleet(): HTMLElement {
  return element(
    'div',
    { class: 'empty' },
    element('p', {}, 'A node joins with a token. On the machine of the controller:'),
    element('pre', {}, element('code', {}, 'bramble token create --site home --kind pi --ttl 24h')),
    element(
      'p',
      {},
      'It prints what the new node needs in /etc/bramble/agent.yaml. Then start bramble-agent there; ',
      'if the token is not pre-approved, decide here:',
    ),
    element('pre', {}, element('code', {}, 'bramble enrol list\nbramble enrol approve FINGERPRINT')),
  );
}
