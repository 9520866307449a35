import type { Secret } from '../../../proto/contract/secret.js';
import type { ApiToken, User, WebSession } from '../../domain/access/account.js';

/** Accounts and sessions as they are stored. */
export interface AccessReader {
  user(name: string): Promise<User | undefined>;
  /** All of them, by name. */
  users(): Promise<readonly User[]>;
  apiToken(id: string): Promise<ApiToken | undefined>;
  /** Newest first, those that are over too. */
  apiTokens(): Promise<readonly ApiToken[]>;
  session(idHmac: string): Promise<WebSession | undefined>;
}

export interface AccessWriter extends AccessReader {
  putUser(user: User): Promise<void>;
  putApiToken(token: ApiToken): Promise<void>;
  putSession(session: WebSession): Promise<void>;
  removeSession(idHmac: string): Promise<void>;
  /** Ends every session of an account; returns how many there were. */
  removeSessionsOf(account: string): Promise<number>;
  /** Removes sessions that can never be used again. */
  pruneSessions(idleSinceMs: number, nowMs: number): Promise<void>;
}

/** Hashes passwords so that guessing is slow. Each call takes tens of milliseconds and tens of megabytes. */
export interface Passwords {
  hash(password: Secret): Promise<string>;
  /** Takes as long for an account that does not exist: `stored` is `undefined` then, and the answer is no. */
  check(password: Secret, stored: string | undefined): Promise<PasswordVerdict>;
}

export interface PasswordVerdict {
  readonly matches: boolean;
  /** It was hashed with weaker parameters than today's: hash it again while the password is here. */
  readonly isOutdated: boolean;
}
