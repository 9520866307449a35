import { z } from 'zod';
import { CommandView, EnrollmentView, MaintenanceView, NodeView, SiteView, TokenView } from './fleet.js';
import { CommandCreate, EnrollmentApprove, MaintenanceStart, NodeChange, SiteChange, SiteCreate } from './requests.js';

/** Several changes in one request: all of them happen, or none. */

export const BATCH_OPERATIONS_MAX = 100;

const node = z.string().regex(/^n-[0-9a-z]{13}$/, 'is not the id of a node');
const site = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'is not the name of a site');
const fingerprint = z.string().regex(/^[0-9a-f]{64}$/, 'is not 64 lower-case hex digits');
const reason = z.string().min(1).max(500);
const revision = z.number().int().min(1).optional().describe('refuse when it was changed since this revision');
const scope = z.union([z.strictObject({ node }), z.strictObject({ site })]);

export const BatchOperation = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('create-site'), create: SiteCreate }),
  z.strictObject({ op: z.literal('change-site'), site, change: SiteChange, revision }),
  z.strictObject({ op: z.literal('delete-site'), site, revision }),
  z.strictObject({ op: z.literal('change-node'), node, change: NodeChange, revision }),
  z.strictObject({ op: z.literal('start-maintenance'), scope, start: MaintenanceStart }),
  z.strictObject({ op: z.literal('end-maintenance'), scope }),
  z.strictObject({ op: z.literal('issue-command'), node, create: CommandCreate }),
  z.strictObject({ op: z.literal('revoke-node'), node, reason }),
  z.strictObject({ op: z.literal('thaw-node'), node, reason }),
  z.strictObject({ op: z.literal('approve-enrollment'), fingerprint, approve: EnrollmentApprove }),
  z.strictObject({ op: z.literal('reject-enrollment'), fingerprint, reason }),
  z.strictObject({ op: z.literal('revoke-token'), token: z.string().regex(/^[A-Za-z0-9]{1,16}$/) }),
]);
export type BatchOperation = z.infer<typeof BatchOperation>;

export const BatchRequest = z.strictObject({
  dryRun: z.boolean().default(false).describe('find out whether it would be done, and do nothing'),
  operations: z.array(BatchOperation).min(1).max(BATCH_OPERATIONS_MAX),
});
export type BatchRequest = z.infer<typeof BatchRequest>;

/** What became of one operation: the thing as it is now. Nothing but index and op after a dry run. */
export const BatchResult = z.object({
  index: z.number(),
  op: z.string(),
  site: SiteView.optional(),
  node: NodeView.optional(),
  maintenance: MaintenanceView.optional(),
  command: CommandView.optional(),
  enrollment: EnrollmentView.optional(),
  token: TokenView.optional(),
});
export type BatchResult = z.infer<typeof BatchResult>;

export const BatchAnswer = z.object({ dryRun: z.boolean(), results: z.array(BatchResult) });
export type BatchAnswer = z.infer<typeof BatchAnswer>;

/** In `details.errors` of the envelope when a batch is refused: every operation that stands in its way. */
export const BatchError = z.object({
  index: z.number(),
  op: z.string(),
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  field: z.string().optional().describe('path in the operation, when one field is at fault'),
});
export type BatchError = z.infer<typeof BatchError>;
