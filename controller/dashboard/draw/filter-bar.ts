import type { NodeState } from '../../../proto/contract/api/fleet.js';
import type { Filter } from '../address.js';
import { STATES } from '../states.js';
import type { PageView } from '../view-model.js';
import { byId, element, icon, setText } from './dom.js';

/** The counts at the top, each of which narrows the list to its state, and the box for words. */
export class FilterBar {
  readonly #counts = byId('counts', HTMLElement);
  readonly #box = byId('filter', HTMLInputElement);
  readonly #matching = byId('matching', HTMLElement);
  readonly #onChange: (filter: Filter) => void;
  #filter: Filter = { text: '', states: [] };
  #drawn = '';

  constructor(onChange: (filter: Filter) => void) {
    this.#onChange = onChange;
  }

  /** Once, before anything is drawn. */
  prepare(): void {
    this.#box.addEventListener('input', () => {
      this.#onChange({ ...this.#filter, text: this.#box.value });
    });
    this.#box.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      if (this.#box.value !== '') this.#onChange({ ...this.#filter, text: '' });
      this.#box.blur();
    });
  }

  focus(): void {
    this.#box.focus();
    this.#box.select();
  }

  draw({ counts, filter, matching }: PageView): void {
    this.#filter = filter;
    if (this.#box.value !== filter.text) this.#box.value = filter.text;
    setText(this.#matching, matching === '' ? '' : `Showing ${matching}`);
    const content = JSON.stringify([counts, filter.states]);
    if (content === this.#drawn) return;
    this.#drawn = content;
    // A state that is asked for stays, so that it can be given up when its last node has left it.
    const empty = filter.states.filter((state) => !counts.some((each) => each.state === state));
    const chips = [...counts, ...empty.map((state) => ({ state, count: 0 }))];
    const focused = document.activeElement?.getAttribute('data-state');
    this.#counts.replaceChildren(...chips.map(({ state, count }) => element('li', {}, this.#chip(state, count))));
    if (focused != null) this.#counts.querySelector<HTMLElement>(`[data-state="${CSS.escape(focused)}"]`)?.focus();
  }

  #chip(state: NodeState, count: number): HTMLElement {
    const { states } = this.#filter;
    const isOn = states.includes(state);
    const chip = element(
      'button',
      { type: 'button', class: `chip badge node--${state}`, 'data-state': state, 'aria-pressed': String(isOn) },
      icon(STATES[state].icon),
      `${count} ${STATES[state].label.toLowerCase()}`,
    );
    chip.addEventListener('click', () => {
      this.#onChange({
        ...this.#filter,
        states: isOn ? states.filter((each) => each !== state) : [...states, state],
      });
    });
    return chip;
  }
}
