import type { Migration } from '../migrate.js';

/** What people say of sites and nodes, and what was answered to changes that may be asked again. */
export const operators: Migration = {
  version: 4,
  name: 'operators',
  sql: `
    CREATE TABLE site (
      id TEXT PRIMARY KEY NOT NULL,
      label TEXT NOT NULL,
      location TEXT NOT NULL,
      uplink_down_bits_per_s INTEGER,
      uplink_up_bits_per_s INTEGER,
      uplink_monthly_bytes INTEGER,
      created_at_ms INTEGER NOT NULL,
      revision INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    -- Sites were names only: those that are in use become sites, as old as the first thing that named them.
    INSERT INTO site (id, label, location, created_at_ms, revision)
      SELECT site, '', '', min(at_ms), 1 FROM (
        SELECT site, enrolled_at_ms AS at_ms FROM node
        UNION ALL SELECT site, created_at_ms FROM join_token
        UNION ALL SELECT site, first_asked_at_ms FROM enrollment
      ) GROUP BY site;

    CREATE TABLE node_setting (
      node_id TEXT PRIMARY KEY NOT NULL REFERENCES node (id),
      labels TEXT NOT NULL,
      capabilities TEXT NOT NULL,
      revision INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- scope: 'node' or 'site', and the id of that.
    CREATE TABLE maintenance (
      scope TEXT NOT NULL,
      scope_id TEXT NOT NULL,
      owner TEXT NOT NULL,
      reason TEXT NOT NULL,
      since_ms INTEGER NOT NULL,
      until_ms INTEGER NOT NULL,
      PRIMARY KEY (scope, scope_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE idempotency (
      key_sha256 TEXT PRIMARY KEY NOT NULL,
      request_sha256 TEXT NOT NULL,
      at_ms INTEGER NOT NULL,
      status INTEGER,
      answer TEXT
    ) STRICT;
    CREATE INDEX idempotency_by_age ON idempotency (at_ms, key_sha256);

    DROP INDEX enrollment_by_state;
    CREATE INDEX enrollment_by_state ON enrollment (state, first_asked_at_ms, spki_sha256);
    CREATE INDEX command_newest_of_node ON command (node_id, id);
    CREATE INDEX node_by_site ON node (site);
    CREATE INDEX join_token_by_site ON join_token (site);
    CREATE INDEX enrollment_by_site ON enrollment (site, state);
  `,
};
