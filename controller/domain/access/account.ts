import type { Grant } from '../../../proto/contract/access.js';

/** A person who signs in with a password. Accounts are never removed, so that a name in the audit log means one person. */
export interface User {
  readonly name: string;
  readonly grants: readonly Grant[];
  /** With its parameters, as the hasher wrote it; never the password. */
  readonly passwordHash: string;
  readonly disabled: boolean;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly passwordSetAtMs: number;
}

/** A program's credential. Its secret was shown once. */
export interface ApiToken {
  readonly id: string;
  /** Lower-case hex HMAC-SHA-256 of the secret. */
  readonly secretHmac: string;
  /** What it is for, in the words of whoever made it. */
  readonly label: string;
  readonly grants: readonly Grant[];
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly expiresAtMs: number;
  /** To the hour; `undefined` = never used. */
  readonly lastUsedAtMs: number | undefined;
  readonly revokedAtMs: number | undefined;
}

/** A browser that signed in. */
export interface WebSession {
  /** Lower-case hex HMAC-SHA-256 of what the cookie holds. */
  readonly idHmac: string;
  /** Whose it is: `user:kim`, or `admin:kim` for one that was made with a login link. */
  readonly account: string;
  readonly createdAtMs: number;
  /** To the minute. */
  readonly lastUsedAtMs: number;
  readonly expiresAtMs: number;
  readonly address: string;
}

/** Without a sign of life for so long a session is over; and after so long in any case. */
export const SESSION_IDLE_MS = 30 * 60_000;
export const SESSION_LIFE_MS = 12 * 3_600_000;

export function isSessionOver({ expiresAtMs, lastUsedAtMs }: WebSession, nowMs: number): boolean {
  return nowMs >= expiresAtMs || nowMs - lastUsedAtMs >= SESSION_IDLE_MS;
}

export type TokenState = 'usable' | 'expired' | 'revoked';

export function apiTokenState({ expiresAtMs, revokedAtMs }: ApiToken, nowMs: number): TokenState {
  if (revokedAtMs !== undefined) return 'revoked';
  return nowMs >= expiresAtMs ? 'expired' : 'usable';
}

/** Lower-case, as login names are; never with what separates it from its kind in records. */
export function isUserName(text: string): boolean {
  return /^[a-z][a-z0-9._-]{0,31}$/.test(text);
}

export const PASSWORD_CHARACTERS_MIN = 12;
export const PASSWORD_CHARACTERS_MAX = 256;

/** What is wrong with a new password; `undefined` = nothing. Length is what counts. Source: NIST SP 800-63B, 5.1.1.2. */
export function judgePassword(password: string, userName: string): string | undefined {
  const characters = [...password].length;
  if (characters < PASSWORD_CHARACTERS_MIN) return `it has fewer than ${PASSWORD_CHARACTERS_MIN} characters`;
  if (characters > PASSWORD_CHARACTERS_MAX) return `it has more than ${PASSWORD_CHARACTERS_MAX} characters`;
  if (new Set(password).size < 4) return 'it repeats a few characters';
  if (password.toLowerCase().includes(userName)) return 'it contains the name of the user';
  return undefined;
}
