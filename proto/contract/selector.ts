/**
 * Label selectors as Kubernetes has them: `rack=3,env in (a,b),!broken`. All requirements must hold. As there, `!=` and
 * `notin` hold for what has no such label.
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */

import { BrambleError } from './errors.js';
import { isLabelKey, isLabelValue, type Labels } from './labels.js';

export interface Requirement {
  readonly key: string;
  readonly operator: 'in' | 'not-in' | 'exists' | 'absent';
  /** Empty for `exists` and `absent`. */
  readonly values: readonly string[];
}

export type Selector = readonly Requirement[];

export const SELECTOR_CHARACTERS_MAX = 1_024;
const REQUIREMENTS_MAX = 32;

/** @throws BrambleError `invalid-argument`, with the place */
export function parseSelector(text: string): Selector {
  if (text.length > SELECTOR_CHARACTERS_MAX) {
    throw new BrambleError('invalid-argument', `a selector has at most ${SELECTOR_CHARACTERS_MAX} characters`);
  }
  return new SelectorParser(text).parse();
}

export function matchesSelector(selector: Selector, labels: Labels): boolean {
  return selector.every((requirement) => holds(requirement, labels));
}

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && values.includes(value);
    case 'not-in':
      return value === undefined || !values.includes(value);
  }
}

/** The shortest usual way to write it; parsed again it is the same selector. */
export function renderSelector(selector: Selector): string {
  return selector.map(renderRequirement).join(',');
}

function renderRequirement({ key, operator, values }: Requirement): string {
  if (operator === 'exists') return key;
  if (operator === 'absent') return `!${key}`;
  const [only] = values;
  if (values.length === 1 && only !== undefined) return `${key}${operator === 'in' ? '=' : '!='}${only}`;
  return `${key} ${operator === 'in' ? 'in' : 'notin'} (${values.join(',')})`;
}

/** Reads from left to right, one character of look-ahead: time grows with the length of the text and no faster. */
class SelectorParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Selector {
    const requirements: Requirement[] = [];
    this.#space();
    if (this.#isDone()) return requirements;
    for (;;) {
      requirements.push(this.#requirement());
      if (requirements.length > REQUIREMENTS_MAX) throw this.#wrong(`more than ${REQUIREMENTS_MAX} requirements`);
      this.#space();
      if (this.#isDone()) return requirements;
      if (!this.#take(',')) throw this.#wrong('a comma or the end is missing');
    }
  }

  #requirement(): Requirement {
    this.#space();
    if (this.#take('!')) {
      this.#space();
      return { key: this.#key(), operator: 'absent', values: [] };
    }
    const key = this.#key();
    this.#space();
    if (this.#take('!=')) return { key, operator: 'not-in', values: [this.#value()] };
    if (this.#take('==') || this.#take('=')) return { key, operator: 'in', values: [this.#value()] };
    if (this.#isDone() || this.#text[this.#at] === ',') return { key, operator: 'exists', values: [] };
    const word = this.#word();
    if (word === 'in') return { key, operator: 'in', values: this.#values() };
    if (word === 'notin') return { key, operator: 'not-in', values: this.#values() };
    throw this.#wrong('after a key comes =, ==, !=, in, notin, a comma or the end');
  }

  #values(): readonly string[] {
    this.#space();
    if (!this.#take('(')) throw this.#wrong('( is missing');
    const values: string[] = [];
    do values.push(this.#value());
    while (this.#take(','));
    if (!this.#take(')')) throw this.#wrong(') is missing');
    return values;
  }

  #key(): string {
    const key = this.#word();
    if (isLabelKey(key)) return key;
    throw this.#wrong(key === '' ? 'a key is missing' : `${JSON.stringify(key.slice(0, 80))} is not a label key`);
  }

  /** Spaces around it belong to nobody; an empty value is one. */
  #value(): string {
    this.#space();
    const value = this.#word();
    if (!isLabelValue(value)) throw this.#wrong(`${JSON.stringify(value.slice(0, 80))} is not a label value`);
    this.#space();
    return value;
  }

  #word(): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !' \t,()=!'.includes(this.#text.charAt(this.#at))) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  #space(): void {
    while (' \t'.includes(this.#text[this.#at] ?? '-')) this.#at += 1;
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #isDone(): boolean {
    return this.#at >= this.#text.length;
  }

  #wrong(why: string): BrambleError {
    return new BrambleError('invalid-argument', `not a label selector, at character ${this.#at + 1}: ${why}`, {
      hint: 'a selector looks like this: rack=3,env in (a,b),!broken',
    });
  }
}
