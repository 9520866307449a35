import { STATES } from '../states.js';
import type { PageView } from '../view-model.js';
import { byId, element, icon, setText } from './dom.js';

/** The top of the page: how the fleet is in one sentence, how many nodes are in which state, and whether this is live. */
export class Summary {
  readonly #section = byId('summary', HTMLElement);
  readonly #headline = byId('headline', HTMLElement);
  readonly #counts = byId('counts', HTMLElement);
  readonly #link = byId('link', HTMLElement);
  #countsDrawn = '';

  draw(page: PageView): void {
    document.title = page.title;
    setText(this.#headline, page.headline);
    this.#section.className = `summary summary--${page.tone}`;
    setText(this.#link, page.link.text);
    this.#link.className = `link link--${page.link.tone}`;
    const counts = JSON.stringify(page.counts);
    if (counts === this.#countsDrawn) return;
    this.#countsDrawn = counts;
    this.#counts.replaceChildren(
      ...page.counts.map(({ state, count }) =>
        element(
          'li',
          { class: `count node--${state}` },
          element(
            'span',
            { class: 'badge' },
            icon(STATES[state].icon),
            `${count} ${STATES[state].label.toLowerCase()}`,
          ),
        ),
      ),
    );
  }
}
