import { z } from 'zod';

/** Who did what. Times are ms since 1970-01-01 UTC. */

export const AuditView = z.object({
  sequence: z.number(),
  atMs: z.number(),
  actor: z.string(),
  role: z.string(),
  source: z.string().describe('the door it came by, and the remote address'),
  action: z.string().describe('noun.verb, such as node.revoke'),
  target: z.string(),
  site: z.string().optional(),
  outcome: z.enum(['done', 'denied', 'failed']),
  requestId: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  hash: z.string().describe('lower-case hex; covers this record and the one before it'),
});
export type AuditView = z.infer<typeof AuditView>;

export const AuditList = z.object({
  records: z.array(AuditView).describe('newest first'),
  nextBeforeSequence: z.number().optional().describe('asks for the next page; absent = there is none'),
});
export type AuditList = z.infer<typeof AuditList>;

export const AuditFaultView = z.object({
  sequence: z.number().describe('the first record that is concerned'),
  kind: z.enum(['edited', 'missing', 'moved', 'truncated', 'rewritten']),
  message: z.string(),
  rememberedBy: z.string().optional().describe('the node whose memory shows it; absent = the log itself does'),
});
export type AuditFaultView = z.infer<typeof AuditFaultView>;

export const AuditVerdict = z.object({
  intact: z.boolean(),
  recordsCount: z.number(),
  head: z.object({ sequence: z.number(), hash: z.string() }),
  agentsAsked: z.number().describe('connected agents that remember a head of this log'),
  faults: z.array(AuditFaultView).describe('at most 100'),
});
export type AuditVerdict = z.infer<typeof AuditVerdict>;
