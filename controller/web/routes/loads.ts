import { nodeFilterOf } from '../lists.js';
import type { Handlers } from '../mount.js';
import type { LOAD_ROUTES } from '../table/loads.js';

export function loadHandlers(): Handlers<typeof LOAD_ROUTES> {
  return {
    listLoads: ({ query, fleet }) => ({ loads: [...fleet.loads({ ...nodeFilterOf(query), limit: query.limit })] }),
  };
}
