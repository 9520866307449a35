import type { IncomingHttpHeaders } from 'node:http';
import { BrambleError } from '../../../proto/contract/errors.js';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly isSecure: boolean;
}

/**
 * A browser says in its own words which page made a request; programs say nothing. A page of another site, or of another
 * port of this host, gets neither answers of the API nor changes. Source: W3C Fetch Metadata; RFC 6454, section 7.
 * @throws BrambleError `permission-denied`
 */
export function assertSameOrigin({ method, url, headers, isSecure }: Asked): void {
  if (SAFE.has(method) && !url.startsWith('/api/')) return; // the page itself may be linked to from anywhere
  const site = headers['sec-fetch-site'];
  const isForeignSite = site !== undefined && site !== 'same-origin' && !(site === 'none' && SAFE.has(method));
  const { origin, host } = headers;
  const own = `${isSecure ? 'https' : 'http'}://${host ?? ''}`;
  const isForeignOrigin = origin !== undefined && origin !== own;
  if (!isForeignSite && !isForeignOrigin) return;
  throw new BrambleError('permission-denied', 'a page of another site may not use this API', {
    hint: 'open the page of the controller itself',
  });
}

/**
 * The last of three locks on changes that come with a cookie, after SameSite and the origin: a word that only a page of
 * this origin can have read.
 * @throws BrambleError `permission-denied`
 */
export function assertCsrfToken(asked: Asked, expected: string): void {
  if (SAFE.has(asked.method) || asked.headers['x-bramble-csrf'] === expected) return;
  throw new BrambleError('permission-denied', 'this change does not carry the token of its session', {
    hint: 'GET /api/v1/session gives csrfToken; send it as x-bramble-csrf',
  });
}
