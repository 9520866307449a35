import { z } from 'zod';

/** Changes of what boards boot, as an operator asks for them and follows them. Times are ms since 1970-01-01 UTC. */

const Kind = z.enum(['provision', 'reimage', 'rollback', 'release', 'rescue', 'relocate']);

export const ProvisioningAsk = z.strictObject({
  kind: Kind,
  node: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be the name of a host')
    .describe('as the topology calls it; of a new node: as it is to be called'),
  reason: z.string().min(1).max(500),
  dryRun: z.boolean().default(false).describe('say what would be done, and do nothing'),
  image: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/, 'must be the digest of an image')
    .optional()
    .describe('provision, reimage: digest of its manifest; a reimage without one takes the image that the node has'),
  dataBytes: z
    .number()
    .int()
    .min(2 ** 20)
    .max(2 ** 50)
    .optional()
    .describe('of a data volume that there is none of yet'),
  freshData: z.boolean().optional().describe('reimage: the data volume is wiped too'),
  rescue: z.enum(['there', 'back', 'both']).optional().describe('rescue: into it, out of it, or both'),
  spare: z
    .string()
    .regex(/^[0-9a-fA-F]{8,16}$/, 'must be a serial number, or its last eight digits')
    .optional()
    .describe('provision, relocate: the board; absent = the first that fits'),
  site: z.string().max(63).optional().describe('provision: where, when no board is named'),
  authorizedKeys: z.array(z.string().max(2_048)).max(32).optional().describe('provision: public keys for root'),
});
export type ProvisioningAsk = z.input<typeof ProvisioningAsk>;

export const ProvisioningStepView = z.object({
  name: z.string(),
  title: z.string(),
  state: z.enum(['waiting', 'running', 'done', 'failed', 'undoing', 'undone']),
  attempt: z.number(),
  detail: z.string(),
  startedAtMs: z.number().optional(),
  endedAtMs: z.number().optional(),
});
export type ProvisioningStepView = z.infer<typeof ProvisioningStepView>;

export const ProvisioningView = z.object({
  id: z.string().describe('empty for one that was only tried'),
  kind: Kind,
  node: z.string(),
  site: z.string(),
  fileserver: z.string(),
  board: z.string().describe('last eight digits of its serial number'),
  spare: z.string().optional(),
  image: z.string(),
  direction: z.enum(['forward', 'back']),
  state: z.enum(['running', 'succeeded', 'undone']),
  why: z.string().describe('why it waits or went back; empty = it goes on'),
  actor: z.string(),
  reason: z.string(),
  startedAtMs: z.number(),
  atMs: z.number(),
  steps: z.array(ProvisioningStepView).describe('in their order; undone from the last to the first'),
});
export type ProvisioningView = z.infer<typeof ProvisioningView>;

export const ProvisioningList = z.object({ provisionings: z.array(ProvisioningView).describe('newest first') });
export type ProvisioningList = z.infer<typeof ProvisioningList>;

export const ProvisioningAbort = z.strictObject({ reason: z.string().min(1).max(300) });
export type ProvisioningAbort = z.infer<typeof ProvisioningAbort>;
