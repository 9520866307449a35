import type { SiteUplinks } from '../usecases/uplink/site-uplinks.js';

/** Where it is said what goes over the uplinks of sites, and how long bulk waits for its turn. */
export type UplinkGate = Pick<SiteUplinks, 'bulkWaitMs' | 'carried'>;

/** Nobody said what uplinks bear. */
export const NO_UPLINKS: UplinkGate = { bulkWaitMs: () => 0, carried: () => undefined };
