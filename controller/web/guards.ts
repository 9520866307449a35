import { isIPv4 } from 'node:net';
import { BrambleError } from '../../proto/contract/errors.js';

/**
 * The page has no login yet, so it may be seen from this machine only.
 * @throws BrambleError `failed-precondition`
 */
export function assertLoopback(host: string): void {
  if (host === '::1' || (isIPv4(host) && host.startsWith('127.'))) return;
  throw new BrambleError('failed-precondition', `the page would be open to everybody who reaches ${host}`, {
    hint: 'http.host must be 127.0.0.1 or ::1 until Bramble has access control; use an ssh tunnel from elsewhere',
  });
}

/**
 * A page of another site can make a browser ask 127.0.0.1 under a name of its own (DNS rebinding) and then read the
 * answer as its own. The Host header gives that away.
 * @throws BrambleError `permission-denied`
 */
export function assertOwnHost(hostHeader: string | undefined): void {
  const name = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i.exec(hostHeader ?? '');
  if (name !== null) return;
  throw new BrambleError('permission-denied', 'this page answers only under 127.0.0.1, [::1] and localhost', {
    hint: 'open it by its address, or through an ssh tunnel that ends at localhost',
  });
}

/** Sent with every answer of both doors. Nothing inline, nothing from elsewhere, no framing, no sniffing. */
export const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
} as const;
