import type { DrillKind } from './prepare.js';

/** What came of one target. */
export interface DrillResult {
  readonly name: string;
  /** From the order until everybody who was watched was well again; of an uplink, since it was there again. `undefined` = they were not. */
  readonly backAfterMs: number | undefined;
  /** Empty = it went well. */
  readonly problem: string;
  /** Troubles that were not there before. */
  readonly newTroubles: readonly string[];
  /** What had to help in its place. `none`: there is nothing that could. */
  readonly standby: 'worked' | 'failed' | 'none';
}

export interface DrillTerms {
  readonly kind: DrillKind;
  readonly site: string;
  readonly withinMs: number;
  readonly reason: string;
  /** How long an uplink is away. */
  readonly awayMs: number;
}
