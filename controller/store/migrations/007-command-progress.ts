import type { Migration } from '../migrate.js';

/** How far a command is that takes a while, as its node last told: JSON; none for most. */
export const commandProgress: Migration = {
  version: 7,
  name: 'command-progress',
  sql: 'ALTER TABLE command ADD COLUMN progress TEXT;',
};
