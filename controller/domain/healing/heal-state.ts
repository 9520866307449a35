/** Where a node stands with healing; a node that is simply healthy stands nowhere. */
export type HealState =
  | 'suspect'
  | 'diagnosing'
  /** It boots, or waits for its turn to: boot admission has it. */
  | 'starting'
  | 'held-by-cause'
  | 'held'
  | 'acting'
  | 'verifying'
  | 'probation'
  | 'await-hands';
