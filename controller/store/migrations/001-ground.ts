import type { Migration } from '../migrate.js';

/**
 * Times are whole milliseconds since 1970 in columns that end in _ms; lists and small records are JSON text.
 * Logs (agent_event, fleet_event, history) name nodes without a foreign key: a log never refuses a line.
 */
export const ground: Migration = {
  version: 1,
  name: 'ground',
  sql: `
    CREATE TABLE setting (
      name TEXT PRIMARY KEY NOT NULL,
      value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE join_token (
      key_id TEXT PRIMARY KEY NOT NULL,
      secret_hmac TEXT NOT NULL,
      site TEXT NOT NULL,
      kind TEXT NOT NULL,
      expires_at_ms INTEGER NOT NULL,
      uses INTEGER NOT NULL,
      bound_to TEXT NOT NULL,
      pre_approved INTEGER NOT NULL,
      expect_serial TEXT,
      created_at_ms INTEGER NOT NULL,
      created_by TEXT NOT NULL,
      revoked INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX join_token_newest ON join_token (created_at_ms, key_id);

    CREATE TABLE node (
      id TEXT PRIMARY KEY NOT NULL,
      site TEXT NOT NULL,
      kind TEXT NOT NULL,
      name TEXT NOT NULL UNIQUE,
      lifecycle TEXT NOT NULL,
      board_model TEXT NOT NULL,
      board_serial TEXT NOT NULL,
      board_mac_addresses TEXT NOT NULL,
      enrolled_at_ms INTEGER NOT NULL,
      desired_revision INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE enrollment (
      spki_sha256 TEXT PRIMARY KEY NOT NULL,
      token_key_id TEXT NOT NULL,
      site TEXT NOT NULL,
      kind TEXT NOT NULL,
      board_model TEXT NOT NULL,
      board_serial TEXT NOT NULL,
      board_mac_addresses TEXT NOT NULL,
      hostname TEXT NOT NULL,
      state TEXT NOT NULL,
      why TEXT NOT NULL,
      node_id TEXT REFERENCES node (id),
      first_asked_at_ms INTEGER NOT NULL,
      last_asked_at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX enrollment_by_state ON enrollment (state, last_asked_at_ms);
    CREATE INDEX enrollment_by_node ON enrollment (node_id) WHERE node_id IS NOT NULL;

    -- The current credential of each node, the highest counter, and the one before it; older ones are removed.
    CREATE TABLE credential (
      node_id TEXT NOT NULL REFERENCES node (id),
      renewal_counter INTEGER NOT NULL,
      spki_sha256 TEXT NOT NULL,
      certificate_serial TEXT NOT NULL,
      issued_at_ms INTEGER NOT NULL,
      expires_at_ms INTEGER NOT NULL,
      PRIMARY KEY (node_id, renewal_counter)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE command (
      id TEXT PRIMARY KEY NOT NULL,
      node_id TEXT NOT NULL REFERENCES node (id),
      action TEXT NOT NULL,
      state TEXT NOT NULL,
      rejection TEXT,
      detail TEXT NOT NULL,
      epoch INTEGER NOT NULL,
      issued_at_ms INTEGER NOT NULL,
      valid_for_ms INTEGER NOT NULL,
      boot_id TEXT NOT NULL,
      reason TEXT NOT NULL,
      actor TEXT NOT NULL,
      updated_at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX command_by_node ON command (node_id, state, issued_at_ms, id);
    CREATE INDEX command_by_state ON command (state, issued_at_ms, id);
    CREATE INDEX command_by_age ON command (updated_at_ms, id);

    CREATE TABLE signed_command (
      command_id TEXT PRIMARY KEY NOT NULL REFERENCES command (id) ON DELETE CASCADE,
      payload BLOB NOT NULL,
      key_id TEXT NOT NULL,
      signature BLOB NOT NULL
    ) STRICT;

    -- Ids of commands that were removed for their age: an actuator may still name them.
    CREATE TABLE pruned_command (
      id TEXT PRIMARY KEY NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE condition (
      node_id TEXT NOT NULL REFERENCES node (id),
      type TEXT NOT NULL,
      instance TEXT NOT NULL,
      status TEXT NOT NULL,
      severity TEXT NOT NULL,
      reason TEXT NOT NULL,
      message TEXT NOT NULL,
      since_ms INTEGER NOT NULL,
      PRIMARY KEY (node_id, type, instance)
    ) STRICT, WITHOUT ROWID;

    -- Boots have numbers here, so that an event's identity is two small integers and not two long texts.
    CREATE TABLE agent_boot (
      id INTEGER PRIMARY KEY,
      node_id TEXT NOT NULL,
      boot_id TEXT NOT NULL,
      last_event_at_ms INTEGER NOT NULL,
      UNIQUE (node_id, boot_id)
    ) STRICT;
    CREATE INDEX agent_boot_by_age ON agent_boot (last_event_at_ms);

    CREATE TABLE agent_event (
      id INTEGER PRIMARY KEY,
      boot INTEGER NOT NULL REFERENCES agent_boot (id),
      sequence INTEGER NOT NULL,
      at_ms INTEGER NOT NULL,
      uptime_ms INTEGER NOT NULL,
      wall_clock_ms INTEGER NOT NULL,
      what TEXT NOT NULL,
      UNIQUE (boot, sequence)
    ) STRICT;
    CREATE INDEX agent_event_by_age ON agent_event (at_ms);

    -- AUTOINCREMENT: an id is a cursor of clients and is never given twice, also after everything was pruned.
    CREATE TABLE fleet_event (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      at_ms INTEGER NOT NULL,
      node_id TEXT,
      severity TEXT NOT NULL,
      reason TEXT NOT NULL,
      message TEXT NOT NULL
    ) STRICT;
    CREATE INDEX fleet_event_by_node ON fleet_event (node_id, id) WHERE node_id IS NOT NULL;
    CREATE INDEX fleet_event_by_age ON fleet_event (at_ms);

    CREATE TABLE history (
      id INTEGER PRIMARY KEY,
      node_id TEXT NOT NULL,
      from_ms INTEGER NOT NULL,
      to_ms INTEGER NOT NULL,
      packed BLOB NOT NULL
    ) STRICT;
    CREATE INDEX history_by_node ON history (node_id, from_ms, to_ms);
    CREATE INDEX history_by_age ON history (to_ms);
  `,
};
