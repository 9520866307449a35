import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { NodeKind, NodeState } from '../../proto/contract/api/fleet.js';
import { parseSelector, SELECTOR_CHARACTERS_MAX } from '../../proto/contract/selector.js';
import type { NodeFilter } from '../usecases/node-query.js';
import { CURSOR_CHARACTERS_MAX, makeCursor, readCursor } from './cursor.js';
import { parsedText, queryInteger, SiteIdText } from './parse.js';

/** Words that questions for lists have in common. */

/** For the query of a list. */
export const cursorText = z.string().max(CURSOR_CHARACTERS_MAX).optional().describe('nextCursor of the page before');

const SelectorText = parsedText(parseSelector, { maxLength: SELECTOR_CHARACTERS_MAX }).describe(
  'label selector as Kubernetes has them: rack=3,env in (a,b),!broken',
);

/** Which nodes, or things of which nodes. */
export const NodeWords = {
  site: SiteIdText.optional(),
  kind: NodeKind.optional(),
  name: z.string().max(63).optional().describe('beginning of the name'),
  selector: SelectorText.optional(),
} as const;

export const NodeStateWord = NodeState.optional();

export function nodeFilterOf(query: {
  readonly site?: NodeFilter['site'];
  readonly kind?: NodeFilter['kind'];
  readonly name?: string | undefined;
  readonly selector?: NodeFilter['selector'];
}): NodeFilter {
  const { site, kind, name, selector } = query;
  return { site, kind, namePrefix: name, selector };
}

export const pageLimit = (max: number, usual: number) => queryInteger(1, max).default(usual);

/** Reads and writes the cursors of one asked list. */
export class Cursors<Schema extends z.ZodType> {
  readonly #question: string;
  readonly #key: Schema;

  constructor(request: FastifyRequest, key: Schema) {
    this.#key = key;
    const url = new URL(request.url, 'http://localhost');
    for (const name of ['cursor', 'limit']) url.searchParams.delete(name);
    url.searchParams.sort();
    this.#question = `${url.pathname}?${url.searchParams.toString()}`;
  }

  /** @throws BrambleError `invalid-argument` */
  after(cursor: string | undefined): z.output<Schema> | undefined {
    return cursor === undefined ? undefined : readCursor(this.#question, cursor, this.#key);
  }

  /** The part of an answer that says where it goes on. */
  next(key: z.input<Schema> | undefined): { readonly nextCursor?: string } {
    return key === undefined ? {} : { nextCursor: makeCursor(this.#question, key) };
  }
}
