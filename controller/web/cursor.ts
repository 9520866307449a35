import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { BrambleError } from '../../proto/contract/errors.js';

/**
 * Cursors: a place in a list, for the same question only. They hold nothing secret and give no right, so a checksum is
 * enough: one that was cut, changed, or belongs to another question is refused instead of answered with odd pages.
 */

const CHECK_CHARACTERS = 12;
export const CURSOR_CHARACTERS_MAX = 512;

/** `question`: everything that decides what the list holds and how it is ordered. */
export function makeCursor(question: string, key: unknown): string {
  const place = Buffer.from(JSON.stringify(key)).toString('base64url');
  return `${place}.${check(question, place)}`;
}

/** @throws BrambleError `invalid-argument` */
export function readCursor<Schema extends z.ZodType>(question: string, cursor: string, key: Schema): z.output<Schema> {
  const [place = '', given = ''] = cursor.split('.', 2);
  if (cursor.length > CURSOR_CHARACTERS_MAX || given !== check(question, place)) {
    throw new BrambleError('invalid-argument', 'this cursor is not of this list with these filters', {
      hint: 'send the nextCursor of the page before, with the same question; or begin without a cursor',
      details: { fields: [{ field: 'cursor', problem: 'is not of this list with these filters' }] },
    });
  }
  return key.parse(JSON.parse(Buffer.from(place, 'base64url').toString()));
}

function check(question: string, place: string): string {
  const hash = createHash('sha256').update(`bramble-cursor-v1\0${question}\0${place}`);
  return hash.digest('base64url').slice(0, CHECK_CHARACTERS);
}
