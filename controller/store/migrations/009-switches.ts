import type { Migration } from '../migrate.js';

/** Changes of the ports of switches, and the plans that were kept. */
export const switches: Migration = {
  version: 9,
  name: 'switches',
  sql: `
    -- record: JSON. Ids are UUIDv7: their order is that of time.
    CREATE TABLE port_change (
      id TEXT PRIMARY KEY NOT NULL,
      is_open INTEGER NOT NULL,
      record TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX port_change_open ON port_change (is_open, id);

    -- plan: JSON. The highest revision of a switch is what its ports are for.
    CREATE TABLE switch_plan (
      node_id TEXT NOT NULL REFERENCES node (id),
      revision INTEGER NOT NULL,
      plan TEXT NOT NULL,
      change_id TEXT NOT NULL,
      at_ms INTEGER NOT NULL,
      actor TEXT NOT NULL,
      reason TEXT NOT NULL,
      PRIMARY KEY (node_id, revision)
    ) STRICT, WITHOUT ROWID;
  `,
};
