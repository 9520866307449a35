import type { Migration } from '../migrate.js';

/** Images and node configs on their way to many nodes, in waves. */
export const rollout: Migration = {
  version: 12,
  name: 'rollout',
  sql: `
    -- record: JSON.
    CREATE TABLE rollout (
      id TEXT PRIMARY KEY NOT NULL,
      is_open INTEGER NOT NULL,
      at_ms INTEGER NOT NULL,
      record TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX rollout_open ON rollout (is_open, id);
  `,
};
