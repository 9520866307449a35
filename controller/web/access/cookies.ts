import { Secret } from '../../../proto/contract/secret.js';

const MAX_AGE_S = 12 * 3_600;
/** Cookies of other programs on this host name come along; ours is looked for among so many. */
const COOKIES_MAX = 64;

/**
 * Over TLS `__Host-`: no other host and no insecure page can set or read it. Browsers differ in what they accept of an
 * http page on loopback, so there it has a plain name, with the port, because cookies do not tell ports apart.
 */
export function cookieName(isSecure: boolean, port: number | undefined): string {
  return isSecure ? '__Host-bramble' : `bramble-${port ?? 0}`;
}

export function readCookie(header: string | undefined, name: string): Secret | undefined {
  for (const pair of (header ?? '').split(';', COOKIES_MAX)) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return new Secret(pair.slice(at + 1).trim());
  }
  return undefined;
}

/** Never sent along by a page of another site, never readable by a script. Without a secret: forget it. */
export function renderCookie(name: string, isSecure: boolean, secret: Secret | undefined): string {
  const value = secret?.reveal() ?? '';
  const age = secret === undefined ? 0 : MAX_AGE_S;
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${age}${isSecure ? '; Secure' : ''}`;
}
