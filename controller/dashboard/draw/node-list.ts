import type { PageView, SiteView } from '../view-model.js';
import type { NodeListActions } from './actions.js';
import { element } from './dom.js';
import { SiteSection } from './site-section.js';

/** All sites with their nodes. */
export class NodeList {
  readonly #root: HTMLElement;
  readonly #actions: NodeListActions;
  readonly #sites = new Map<string, SiteSection>();
  #shown: 'nothing' | 'empty' | 'no-match' | 'sites' = 'nothing';

  constructor(root: HTMLElement, actions: NodeListActions) {
    this.#root = root;
    this.#actions = actions;
  }

  draw(page: PageView): void {
    const shown = page.isEmpty
      ? 'empty'
      : page.sites.length > 0
        ? 'sites'
        : page.matching === ''
          ? 'nothing'
          : 'no-match';
    if (shown !== this.#shown) {
      this.#shown = shown;
      this.#sites.clear();
      const message = shown === 'empty' ? [emptyFleet()] : shown === 'no-match' ? [this.#noMatch()] : [];
      this.#root.replaceChildren(...message);
    }
    if (shown === 'sites') this.#drawSites(page.sites);
  }

  /** Moves the keyboard to the next row that is shown, or to the one before. */
  move(by: 1 | -1): void {
    const rows: HTMLElement[] = [...this.#root.querySelectorAll<HTMLElement>('.node .open')];
    const active = document.activeElement;
    const at = active instanceof HTMLElement ? rows.indexOf(active) : -1;
    const next = at < 0 ? (by > 0 ? rows[0] : rows.at(-1)) : rows[at + by];
    next?.focus();
    next?.closest('tr')?.scrollIntoView({ block: 'nearest' });
  }

  #drawSites(views: readonly SiteView[]): void {
    const wanted = new Set(views.map(({ site }) => site));
    for (const [site, section] of this.#sites) {
      if (wanted.has(site)) continue;
      section.root.remove();
      this.#sites.delete(site);
    }
    let at = this.#root.firstElementChild;
    for (const view of views) {
      const section = this.#sites.get(view.site) ?? new SiteSection(view.site, this.#actions);
      this.#sites.set(view.site, section);
      if (section.root === at) at = at.nextElementSibling;
      else this.#root.insertBefore(section.root, at);
      section.draw(view);
    }
  }

  #noMatch(): HTMLElement {
    const clear = element('button', { type: 'button', class: 'button' }, 'Show all nodes');
    clear.addEventListener('click', () => {
      this.#actions.clearFilter();
    });
    return element('div', { class: 'empty' }, element('p', {}, 'No node passes this filter.'), element('p', {}, clear));
  }
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
