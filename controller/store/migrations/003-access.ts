import type { Migration } from '../migrate.js';

/** Accounts, sessions and the audit log. Secrets are here only as hashes. */
export const access: Migration = {
  version: 3,
  name: 'access',
  sql: `
    CREATE TABLE user_account (
      name TEXT PRIMARY KEY NOT NULL,
      grants TEXT NOT NULL,
      password_hash TEXT NOT NULL,
      disabled INTEGER NOT NULL,
      created_at_ms INTEGER NOT NULL,
      created_by TEXT NOT NULL,
      password_set_at_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE api_token (
      id TEXT PRIMARY KEY NOT NULL,
      secret_hmac TEXT NOT NULL,
      label TEXT NOT NULL,
      grants TEXT NOT NULL,
      created_at_ms INTEGER NOT NULL,
      created_by TEXT NOT NULL,
      expires_at_ms INTEGER NOT NULL,
      last_used_at_ms INTEGER,
      revoked_at_ms INTEGER
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE web_session (
      id_hmac TEXT PRIMARY KEY NOT NULL,
      account TEXT NOT NULL,
      created_at_ms INTEGER NOT NULL,
      last_used_at_ms INTEGER NOT NULL,
      expires_at_ms INTEGER NOT NULL,
      address TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX web_session_by_account ON web_session (account);

    -- Every record names the hash of the one before it. No key of another table: the log outlives what it speaks of.
    CREATE TABLE audit (
      sequence INTEGER PRIMARY KEY NOT NULL,
      at_ms INTEGER NOT NULL,
      actor TEXT NOT NULL,
      role TEXT NOT NULL,
      source TEXT NOT NULL,
      request_id TEXT NOT NULL,
      action TEXT NOT NULL,
      target TEXT NOT NULL,
      site TEXT,
      outcome TEXT NOT NULL,
      details TEXT NOT NULL,
      previous_hash TEXT NOT NULL,
      hash TEXT NOT NULL
    ) STRICT;
    CREATE INDEX audit_by_actor ON audit (actor, sequence);
    CREATE INDEX audit_by_action ON audit (action, sequence);
    CREATE INDEX audit_by_site ON audit (site, sequence) WHERE site IS NOT NULL;

    -- Against mistakes of ours; whoever can write the file can remove them, which is what the chain is for.
    CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
      BEGIN SELECT RAISE(ABORT, 'the audit log is only ever appended to'); END;
    CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
      BEGIN SELECT RAISE(ABORT, 'the audit log is only ever appended to'); END;
  `,
};
