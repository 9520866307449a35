import type { Migration } from '../migrate.js';

/** What stands where, who has which numbers, and what healing remembers. */
export const healing: Migration = {
  version: 6,
  name: 'healing',
  sql: `
    -- kind: site, rack, shelf, psu, switch (with its ports), fileserver, node (with its board), spare, pool. record: JSON.
    CREATE TABLE topology_item (
      kind TEXT NOT NULL,
      name TEXT NOT NULL,
      place INTEGER NOT NULL,
      record TEXT NOT NULL,
      PRIMARY KEY (kind, name)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE allocation (
      pool TEXT NOT NULL,
      number INTEGER NOT NULL,
      owner TEXT NOT NULL,
      taken_at_ms INTEGER NOT NULL,
      freed_at_ms INTEGER,
      PRIMARY KEY (pool, number, taken_at_ms)
    ) STRICT, WITHOUT ROWID;
    -- A number has one owner at a time, whatever anybody decides.
    CREATE UNIQUE INDEX allocation_in_use ON allocation (pool, number) WHERE freed_at_ms IS NULL;

    CREATE TABLE healing_policy (
      revision INTEGER PRIMARY KEY NOT NULL,
      text TEXT NOT NULL,
      at_ms INTEGER NOT NULL,
      actor TEXT NOT NULL
    ) STRICT;

    CREATE TABLE healing_hold (
      id TEXT PRIMARY KEY NOT NULL,
      kind TEXT NOT NULL,
      scope TEXT NOT NULL,
      owner TEXT NOT NULL,
      reason TEXT NOT NULL,
      since_ms INTEGER NOT NULL,
      until_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- heal, history: JSON or NULL.
    CREATE TABLE healed_node (
      name TEXT PRIMARY KEY NOT NULL,
      heal TEXT,
      history TEXT
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE healing_action (
      id TEXT PRIMARY KEY NOT NULL,
      name TEXT NOT NULL,
      rung TEXT NOT NULL,
      evidence_row TEXT NOT NULL,
      is_cycle INTEGER NOT NULL,
      spare TEXT,
      planned_at_ms INTEGER NOT NULL,
      state TEXT NOT NULL,
      at_ms INTEGER NOT NULL,
      changed INTEGER NOT NULL,
      command_id TEXT NOT NULL,
      detail TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX healing_action_by_state ON healing_action (state, id);
    CREATE INDEX healing_action_by_age ON healing_action (at_ms, id);

    -- record: JSON.
    CREATE TABLE explain_record (
      id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
      at_ms INTEGER NOT NULL,
      node TEXT NOT NULL,
      record TEXT NOT NULL
    ) STRICT;
    CREATE INDEX explain_record_of_node ON explain_record (node, id);
    CREATE INDEX explain_record_by_age ON explain_record (at_ms, id);
  `,
};
