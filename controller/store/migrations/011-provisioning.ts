import type { Migration } from '../migrate.js';

/** Journals of what changes what boards boot. */
export const provisioning: Migration = {
  version: 11,
  name: 'provisioning',
  sql: `
    -- record: JSON.
    CREATE TABLE saga (
      id TEXT PRIMARY KEY NOT NULL,
      node TEXT NOT NULL,
      is_open INTEGER NOT NULL,
      at_ms INTEGER NOT NULL,
      record TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    -- One at a time for a node, whatever anybody decides.
    CREATE UNIQUE INDEX saga_open ON saga (node) WHERE is_open = 1;
    CREATE INDEX saga_of_node ON saga (node, id);
    CREATE INDEX saga_by_age ON saga (at_ms, id);
  `,
};
