import type { Outcome } from '../../domain/provisioning/advance.js';

/** What was begun, as it goes into the journal of the same transaction. */
export interface Begun {
  readonly token: string;
  /** Empty = what the journal has stays. */
  readonly before: string;
  /** Known at once; `undefined` = it is waited for. */
  readonly outcome: Outcome | undefined;
  committed?(): unknown;
  undone?(): void;
}
