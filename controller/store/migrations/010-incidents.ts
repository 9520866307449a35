import type { Migration } from '../migrate.js';

/** What was wrong, its story, and what channels owe of it. */
export const incidents: Migration = {
  version: 10,
  name: 'incidents',
  sql: `
    -- record: JSON; the columns are what is asked for.
    CREATE TABLE incident (
      id TEXT PRIMARY KEY NOT NULL,
      opened_at_ms INTEGER NOT NULL,
      closed_at_ms INTEGER,
      over_at_ms INTEGER,
      record TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX incident_live ON incident (id) WHERE over_at_ms IS NULL;
    CREATE INDEX incident_open ON incident (id) WHERE closed_at_ms IS NULL;
    CREATE INDEX incident_by_end ON incident (over_at_ms);

    CREATE TABLE incident_entry (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      incident_id TEXT NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
      at_ms INTEGER NOT NULL,
      kind TEXT NOT NULL,
      about TEXT NOT NULL,
      words TEXT NOT NULL,
      actor TEXT NOT NULL
    ) STRICT;
    CREATE INDEX incident_entry_of ON incident_entry (incident_id, id);

    CREATE TABLE alert_delivery (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      incident_id TEXT NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
      channel TEXT NOT NULL,
      kind TEXT NOT NULL,
      created_at_ms INTEGER NOT NULL,
      attempts INTEGER NOT NULL,
      next_at_ms INTEGER NOT NULL,
      error TEXT NOT NULL
    ) STRICT;
    CREATE INDEX alert_delivery_of ON alert_delivery (incident_id);
  `,
};
