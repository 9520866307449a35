import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BrambleError } from '../../proto/contract/errors.js';

/**
 * Entity tags of one thing have two parts: "r3-k7f…". The first is the revision that people's changes count, the second
 * the answer as a whole, which changes with every report. If-None-Match looks at all of it; If-Match looks at the
 * revision, because what a change can lose is other people's changes, and nobody's change waits for a node to be still.
 */

const TAG = /^"r(\d{1,15})-[A-Za-z0-9_-]{1,64}"$/;
const HASH_CHARACTERS = 16;

/** Of a thing as it is answered: `revision` when it has one. */
export function tagOf(text: string, revision: number | undefined): string {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, HASH_CHARACTERS);
  return revision === undefined ? `"${hash}"` : `"r${revision}-${hash}"`;
}

/** Sets the ETag; true when the client has this already, and 304 is the answer. Weak comparison, RFC 9110, 13.1.2. */
export function isKnown(request: FastifyRequest, reply: FastifyReply, tag: string): boolean {
  reply.header('etag', tag);
  const header = request.headers['if-none-match'];
  if (header === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
  if (header.trim() === '*') return true;
  const strong = (one: string): string => one.trim().replace(/^W\//, '');
  return header.split(',').some((one) => strong(one) === strong(tag));
}

/**
 * The revision that the client saw; `undefined` when it does not say, or says that any will do.
 * @throws BrambleError `invalid-argument` for what is no tag of a thing that is changed
 */
export function revisionSeen({ headers }: FastifyRequest): number | undefined {
  const header = headers['if-match']?.trim();
  if (header === undefined || header === '*') return undefined;
  const revision = TAG.exec(header)?.[1];
  if (revision !== undefined) return Number(revision);
  throw new BrambleError('invalid-argument', 'If-Match needs one ETag as this thing had it, or *', {
    hint: 'read the thing, and send its ETag back as it was',
    details: { fields: [{ field: 'If-Match', problem: 'is not an ETag of this thing' }] },
  });
}
