/** How healing is meant to behave: data, versioned, hashed into every explain record. Brakes are on by default. */

export interface Budgets {
  /** Nodes under a disruptive action at once. */
  readonly switchInFlight: number;
  readonly siteInFlightRatio: number;
  readonly siteInFlightFloor: number;
  readonly fleetInFlight: number;
  /** Disruptive actions started within an hour, as a share of the fleet, and what a small fleet has at least. */
  readonly fleetPerHourRatio: number;
  readonly fleetPerHourFloor: number;
  /** Share of all of these that may be destructive; never less than one. */
  readonly destructiveRatio: number;
  readonly nodePerDay: number;
  readonly nodeApartMs: number;
}

export interface StormLimits {
  /** Unhealthy share of a domain above which nothing new is started there. */
  readonly ratio: number;
  /** A domain of fewer nodes is in a storm from this many unhealthy ones on. */
  readonly smallDomain: number;
  readonly smallCount: number;
  /** How long it must have been below before it is over. */
  readonly coolDownMs: number;
}

export interface Admission {
  /** Boots at once below one fileserver; adapts between 1 and this. */
  readonly bootsMax: number;
  /** Between two starts below one fileserver. */
  readonly spacingMs: number;
  /** Boots that the ROM lost and that are tried again outside of the ladder, since the node was last well. */
  readonly retriesMax: number;
}

export interface HealingPolicy {
  readonly name: string;
  readonly version: number;
  /** Of the text that it was read from; names it in records. */
  readonly hash: string;
  /** `shadow`: decides and explains, and starts nothing. `enforce`: acts. */
  readonly mode: 'shadow' | 'enforce';
  readonly diagnoseMs: number;
  readonly verifyForMs: number;
  readonly probationMs: number;
  /** Doubles with every relapse up to this. */
  readonly probationMaxMs: number;
  readonly settleMs: number;
  /** A node that is its donor's is waited for this long before anybody is asked. */
  readonly donorPatienceMs: number;
  /** A shared cause that shows in numbers alone gets one node tried as a probe after this long. */
  readonly canaryAfterMs: number;
  readonly changeWindowMs: number;
  readonly historyHalfLifeMs: number;
  /** From this score on the ladder is entered a rung higher; from the next on a person looks. */
  readonly repeatScore: number;
  readonly flapScore: number;
  readonly observersCompleteRatio: number;
  readonly loopLagMaxMs: number;
  readonly budgets: Budgets;
  readonly storm: StormLimits;
  readonly admission: Admission;
  /** Sites that allow a fresh root without asking. */
  readonly reimageSites: readonly string[];
  /** Of the correlation score: how much of an element must be in trouble, and of its surroundings at most. */
  readonly sharedRatio: number;
  readonly siblingsRatio: number;
  /** Share of nodes that are in trouble on an ordinary day. */
  readonly baselineRatio: number;
}

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000];

/**
 * Sources: repair limits of Autopilot (Isard, 2007), MachineHealthCheck and NodeHealthCheck defaults, rebot's 1 repair per
 * 24 h; settle is two times to live of a 30 s report interval.
 */
export const DEFAULT_POLICY: HealingPolicy = {
  name: 'default',
  version: 1,
  hash: 'built-in',
  mode: 'enforce',
  diagnoseMs: MINUTE_MS,
  verifyForMs: 2 * MINUTE_MS,
  probationMs: 2 * HOUR_MS,
  probationMaxMs: 48 * HOUR_MS,
  settleMs: 190_000,
  donorPatienceMs: 24 * HOUR_MS,
  canaryAfterMs: 10 * MINUTE_MS,
  changeWindowMs: 15 * MINUTE_MS,
  historyHalfLifeMs: 7 * 24 * HOUR_MS,
  repeatScore: 3,
  flapScore: 6,
  observersCompleteRatio: 0.95,
  loopLagMaxMs: 200,
  budgets: {
    switchInFlight: 2,
    siteInFlightRatio: 0.05,
    siteInFlightFloor: 1,
    fleetInFlight: 20,
    fleetPerHourRatio: 0.02,
    fleetPerHourFloor: 4,
    destructiveRatio: 0.25,
    nodePerDay: 3,
    nodeApartMs: 30 * MINUTE_MS,
  },
  storm: { ratio: 0.2, smallDomain: 15, smallCount: 3, coolDownMs: 10 * MINUTE_MS },
  admission: { bootsMax: 4, spacingMs: 8_000, retriesMax: 4 },
  reimageSites: [],
  sharedRatio: 0.8,
  siblingsRatio: 0.2,
  baselineRatio: 0.002,
};
