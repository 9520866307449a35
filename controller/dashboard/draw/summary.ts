import type { PageView } from '../view-model.js';
import { byId, setText } from './dom.js';

/** The top of the page: how the fleet is in one sentence, and whether this is live. */
export class Summary {
  readonly #section = byId('summary', HTMLElement);
  readonly #headline = byId('headline', HTMLElement);
  readonly #link = byId('link', HTMLElement);

  draw(page: PageView): void {
    document.title = page.title;
    setText(this.#headline, page.headline);
    this.#section.className = `summary summary--${page.tone}`;
    setText(this.#link, page.link.text);
    this.#link.className = `link link--${page.link.tone}`;
  }
}
