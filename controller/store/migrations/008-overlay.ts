import type { Migration } from '../migrate.js';

/** Prefixes that were handed out, tunnels and their certificates, and what went over them. */
export const overlay: Migration = {
  version: 8,
  name: 'overlay',
  sql: `
    -- What was given back rests before anybody else gets it, so a number may be here twice: once in use, once at rest.
    CREATE TABLE overlay_allocation (
      pool TEXT NOT NULL,
      idx INTEGER NOT NULL,
      owner TEXT NOT NULL,
      taken_at_ms INTEGER NOT NULL,
      freed_at_ms INTEGER,
      PRIMARY KEY (pool, idx, taken_at_ms)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX overlay_allocation_in_use ON overlay_allocation (pool, idx) WHERE freed_at_ms IS NULL;

    CREATE TABLE overlay_tunnel (
      node_id TEXT PRIMARY KEY NOT NULL REFERENCES node (id),
      site TEXT NOT NULL,
      mode TEXT NOT NULL,
      spki_der BLOB NOT NULL,
      certificate_serial TEXT NOT NULL,
      issued_at_ms INTEGER NOT NULL,
      expires_at_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- Every one that was issued, until it expires: revoking a node revokes all of its own.
    CREATE TABLE overlay_certificate (
      certificate_serial TEXT PRIMARY KEY NOT NULL,
      node_id TEXT NOT NULL,
      expires_at_ms INTEGER NOT NULL,
      revoked_at_ms INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX overlay_certificate_by_node ON overlay_certificate (node_id);

    -- Bytes per site and month (UTC, "2026-11"): a budget is of a month.
    CREATE TABLE uplink_usage (
      site TEXT NOT NULL,
      month TEXT NOT NULL,
      received_bytes INTEGER NOT NULL,
      sent_bytes INTEGER NOT NULL,
      PRIMARY KEY (site, month)
    ) STRICT, WITHOUT ROWID;
  `,
};
