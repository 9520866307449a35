import { z } from 'zod';

/** Rollouts as an operator starts and follows them. Times are ms since 1970-01-01 UTC. */

const minute = z.number().int().min(0).max(1_439);
const ratio = z.number().min(0).max(1);

const Window = z.strictObject({
  fromMinute: minute.describe('of the day, UTC'),
  toMinute: minute,
  days: z.array(z.number().int().min(0).max(6)).min(1).max(7).describe('0 = Sunday'),
});

export const RolloutAsk = z.strictObject({
  name: z.string().regex(/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/, 'must be a name of lower-case letters and digits'),
  image: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/, 'must be the digest of an image')
    .optional(),
  config: z.unknown().optional().describe('parts of a node config: they replace what the node has of them'),
  selector: z.string().max(1_024).describe('labels of the nodes, as "rack=3"; empty = all Pis').default(''),
  site: z.string().max(63).optional(),
  reason: z.string().min(1).max(500),
  dryRun: z.boolean().default(false),
  canaries: z.number().int().min(1).max(1_000).optional(),
  waves: z.array(ratio).max(32).optional().describe('share of all nodes that have it by the end of each wave'),
  successRatio: ratio.optional(),
  errorRatio: ratio.optional(),
  silenceMs: z.number().int().min(60_000).max(86_400_000).optional(),
  soakMs: z.number().int().min(0).max(86_400_000).optional(),
  parallel: z.number().int().min(1).max(100).optional(),
  windows: z.array(Window).max(16).optional(),
});
export type RolloutAsk = z.input<typeof RolloutAsk>;

export const RolloutView = z.object({
  id: z.string().describe('empty for one that was only tried'),
  name: z.string(),
  what: z.string().describe('the image, or the parts of a config'),
  state: z.enum(['running', 'paused', 'failing', 'failed', 'succeeded', 'aborted']),
  wave: z.number().describe('from 0'),
  why: z.string(),
  actor: z.string(),
  reason: z.string(),
  startedAtMs: z.number(),
  atMs: z.number(),
  nodes: z.array(
    z.object({
      name: z.string(),
      wave: z.number(),
      state: z.enum([
        'waiting',
        'deferred',
        'running',
        'succeeded',
        'failed',
        'taking-back',
        'taken-back',
        'not-taken-back',
      ]),
      detail: z.string(),
      sinceMs: z.number(),
    }),
  ),
});
export type RolloutView = z.infer<typeof RolloutView>;

export const RolloutList = z.object({ rollouts: z.array(RolloutView).describe('newest first') });
export type RolloutList = z.infer<typeof RolloutList>;

export const RolloutBecome = z.strictObject({
  state: z.enum(['running', 'paused', 'aborted']),
  reason: z.string().min(1).max(300),
});
export type RolloutBecome = z.infer<typeof RolloutBecome>;
