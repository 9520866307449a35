import type { IncidentCard, IncidentsView, MemberChip } from '../incidents-view.js';
import { element, KeyedList, setText } from './dom.js';

interface IncidentListOptions {
  readonly section: HTMLElement;
  readonly list: HTMLElement;
  readonly status: HTMLElement;
  readonly openNode: (id: string) => void;
  readonly toggle: (id: string) => void;
  readonly answer: (incident: { readonly id: string; readonly title: string }) => void;
}

/** What is wrong, before anything else: a card for each incident, its story folded away until it is asked for. */
export class IncidentList {
  readonly #options: IncidentListOptions;
  readonly #cards: KeyedList<IncidentCard>;

  constructor(options: IncidentListOptions) {
    this.#options = options;
    this.#cards = new KeyedList(
      options.list,
      ({ id }) => id,
      (card) => this.#card(card),
    );
  }

  draw({ incidents, announcement }: IncidentsView): void {
    const { section, status } = this.#options;
    section.hidden = incidents.length === 0;
    setText(status, announcement);
    this.#cards.update(incidents, (card) => JSON.stringify(card));
  }

  #card(card: IncidentCard): HTMLElement {
    const { id, title, tone, state, meta, now, isOpen } = card;
    const storyId = `story-${id}`;
    const toggle = element(
      'button',
      { type: 'button', class: 'incident-toggle', 'aria-expanded': String(isOpen), 'aria-controls': storyId },
      title,
    );
    toggle.addEventListener('click', () => this.#options.toggle(id));
    return element(
      'li',
      { class: `incident incident--${tone}`, id: `incident-${id}` },
      element('p', { class: 'incident-head' }, element('span', { class: 'incident-state' }, state), ` ${meta}`),
      element('h3', { class: 'incident-title' }, toggle),
      element('p', { class: 'incident-now' }, now),
      this.#members(card),
      element(
        'div',
        { class: 'incident-story', id: storyId, hidden: isOpen ? undefined : '' },
        ...story(card),
        this.#answer(card),
      ),
    );
  }

  #answer({ id, title, canAnswer }: IncidentCard): HTMLElement | undefined {
    if (!canAnswer) return undefined;
    const button = element(
      'button',
      { type: 'button', class: 'button', 'aria-haspopup': 'dialog' },
      'See to it, or say something',
    );
    button.addEventListener('click', () => this.#options.answer({ id, title }));
    return element('p', { class: 'incident-answer' }, button);
  }

  #members({ members, membersMore }: IncidentCard): HTMLElement | undefined {
    if (members.length === 0) return undefined;
    const chips = members.map((member) => element('li', {}, this.#chip(member)));
    const more = membersMore === '' ? undefined : element('li', { class: 'incident-more' }, membersMore);
    return element('ul', { class: 'incident-members', 'aria-label': 'What it is about' }, ...chips, more);
  }

  #chip({ name, nodeId, words, isWell }: MemberChip): HTMLElement {
    const tone = isWell ? ' incident-member--well' : '';
    const content = [element('strong', {}, name), ` ${words}`];
    if (nodeId === undefined) return element('span', { class: `incident-member${tone}` }, ...content);
    const button = element(
      'button',
      { type: 'button', class: `incident-member${tone}`, 'aria-haspopup': 'dialog' },
      ...content,
    );
    button.addEventListener('click', () => this.#options.openNode(nodeId));
    return button;
  }
}

function story({ sides, steps }: IncidentCard): readonly HTMLElement[] {
  const said = sides.map(({ who, words }) =>
    element('div', { class: 'incident-side' }, element('dt', {}, who), element('dd', {}, words)),
  );
  const told = steps.map(({ time, timeIso, kind, words }) =>
    element(
      'li',
      { class: 'incident-step' },
      element('time', { datetime: timeIso }, time),
      element('span', { class: 'incident-kind' }, kind),
      element('span', {}, words),
    ),
  );
  return [
    element('h4', {}, 'What each side says'),
    element('dl', { class: 'incident-sides' }, ...said),
    element('h4', {}, 'What happened, by UTC'),
    element('ol', { class: 'incident-steps' }, ...told),
  ];
}
