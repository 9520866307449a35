import type { Migration } from '../migrate.js';

/**
 * The site of an event's node, beside the event: whoever may see some sites only finds their events by an index. A node
 * never moves, so it is written once; events of no node have none.
 */
export const eventSite: Migration = {
  version: 5,
  name: 'event-site',
  sql: `
    ALTER TABLE fleet_event ADD COLUMN site TEXT;
    UPDATE fleet_event SET site = (SELECT site FROM node WHERE node.id = fleet_event.node_id)
      WHERE node_id IS NOT NULL;
    CREATE INDEX fleet_event_by_site ON fleet_event (site, id) WHERE site IS NOT NULL;
  `,
};
