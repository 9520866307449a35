import { isIPv4 } from 'node:net';
import { BrambleError } from '../../proto/contract/errors.js';

/** An address of this machine that no packet from outside can have. */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/, '');
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
}

/**
 * Passwords and sessions go over the wire, so beyond this machine only with TLS.
 * @throws BrambleError `failed-precondition`
 */
export function assertGuarded(page: { readonly host: string; readonly tls?: unknown }): void {
  if (isLoopback(page.host) || page.tls !== undefined) return;
  throw new BrambleError(
    'failed-precondition',
    `the page would be sent in clear to everybody who reaches ${page.host}`,
    {
      hint: 'set http.tls.certificate and http.tls.key, or http.host to 127.0.0.1 and use an ssh tunnel from elsewhere',
    },
  );
}

/** Names under which the page answers, beside those of loopback: what it listens on, and what the operator added. */
export function ownNames(page: { readonly host: string; readonly names?: readonly string[] }): ReadonlySet<string> {
  const host = page.host.includes(':') ? `[${page.host}]` : page.host;
  return new Set([host, ...(page.names ?? [])].map((name) => name.toLowerCase()));
}

/**
 * A page of another site can make a browser ask this controller under a name of its own (DNS rebinding), and whoever
 * writes links from the Host header can be made to write wrong ones. So only known names are answered.
 * @throws BrambleError `permission-denied`
 */
export function assertOwnHost(hostHeader: string | undefined, names: ReadonlySet<string> = new Set()): void {
  const [, name] = /^([^:]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/.exec(hostHeader ?? '') ?? [];
  const isOwn = name !== undefined && (LOOPBACK_NAME.test(name) || names.has(name.toLowerCase()));
  if (isOwn) return;
  throw new BrambleError('permission-denied', 'this page answers only under its own names', {
    hint: 'open it by 127.0.0.1, [::1] or localhost, or add its name to http.names in the configuration',
  });
}

const LOOPBACK_NAME = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/i;

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

/** With TLS: browsers do not try without it for a year. Source: RFC 6797. */
export const TLS_HEADERS = { 'strict-transport-security': 'max-age=31536000' } as const;
