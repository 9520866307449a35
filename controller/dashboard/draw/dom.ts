/** Builds elements without markup in strings: what a node says can only ever become a text node. */

export type Child = Node | string | undefined;

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, value);
  }
  for (const child of children) {
    if (child !== undefined) made.append(child);
  }
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svgElement<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>>,
): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** A 16 by 16 outline; decoration beside a word that says the same. */
export function icon(outline: string): SVGElement {
  const svg = svgElement('svg', { viewBox: '0 0 16 16', class: 'icon', 'aria-hidden': 'true' });
  svg.append(svgElement('path', { d: outline }));
  return svg;
}

/** Changes the text only when it differs, so that a selection survives and nothing is announced twice. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** @throws when the page has no such element: page and program do not belong together */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no #${id}`);
}

/**
 * Keeps one element per key, in order. An element is made anew only when its content differs (`contentOf` is what is
 * compared), so focus and selection stay where they are while ages tick elsewhere.
 */
export class KeyedList<Item> {
  readonly #parent: Element;
  readonly #keyOf: (item: Item) => string;
  readonly #draw: (item: Item) => HTMLElement;
  #drawn = new Map<string, { readonly content: string; readonly element: HTMLElement }>();

  constructor(parent: Element, keyOf: (item: Item) => string, draw: (item: Item) => HTMLElement) {
    this.#parent = parent;
    this.#keyOf = keyOf;
    this.#draw = draw;
  }

  update(items: readonly Item[], contentOf: (item: Item) => string): void {
    const next = new Map<string, { readonly content: string; readonly element: HTMLElement }>();
    for (const item of items) {
      const key = this.#keyOf(item);
      const content = contentOf(item);
      const before = this.#drawn.get(key);
      if (before?.content === content) next.set(key, before);
      else next.set(key, { content, element: this.#replace(before?.element, this.#draw(item)) });
    }
    for (const [key, { element: gone }] of this.#drawn) if (!next.has(key)) gone.remove();
    this.#drawn = next;
    this.#order([...next.values()].map(({ element: drawn }) => drawn));
  }

  /** Moves only what is out of place. */
  #order(elements: readonly HTMLElement[]): void {
    let at = this.#parent.firstElementChild;
    for (const wanted of elements) {
      if (at === wanted) at = at.nextElementSibling;
      else this.#parent.insertBefore(wanted, at);
    }
  }

  /** Hands the keyboard focus over to the same control of the new element. */
  #replace(before: HTMLElement | undefined, after: HTMLElement): HTMLElement {
    if (before === undefined) return after;
    const hadFocus = before.contains(document.activeElement);
    before.replaceWith(after);
    if (hadFocus) after.querySelector('button')?.focus();
    return after;
  }
}
