import type { Migration } from '../migrate.js';

/** Every revision of what each node should be, with who wanted it and why. */
export const nodeConfig: Migration = {
  version: 2,
  name: 'node config',
  sql: `
    CREATE TABLE node_config (
      node_id TEXT NOT NULL REFERENCES node (id),
      revision INTEGER NOT NULL,
      previous_revision INTEGER NOT NULL,
      config TEXT NOT NULL,
      at_ms INTEGER NOT NULL,
      actor TEXT NOT NULL,
      reason TEXT NOT NULL,
      PRIMARY KEY (node_id, revision)
    ) STRICT, WITHOUT ROWID;
  `,
};
