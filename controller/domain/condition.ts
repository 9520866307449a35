import type { NodeId } from '../../proto/contract/ids.js';
import type { Severity } from './event.js';

export type ConditionStatus = 'true' | 'false' | 'unknown';

/** `true` means that the trouble which the type names is there. */
export interface Condition {
  readonly nodeId: NodeId;
  /** CamelCase name of the trouble: DiskSpaceLow. */
  readonly type: string;
  /** What it is about: a mount point, an interface; empty for the node itself. */
  readonly instance: string;
  readonly status: ConditionStatus;
  readonly severity: Severity;
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
  readonly sinceMs: number;
}
