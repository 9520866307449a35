import { z } from 'zod';

/** Where healing stands, and why: as the HTTP API and the command line carry it. Times are of the wall clock. */

const State = z.enum([
  'healthy',
  'suspect',
  'diagnosing',
  'starting',
  'held-by-cause',
  'held',
  'acting',
  'verifying',
  'probation',
  'await-hands',
]);

/** It is done; there is nothing more to tell. */
export const Done = z.object({});

export const HoldView = z.object({
  id: z.string(),
  kind: z.enum(['pause', 'maintenance', 'drill', 'manual']),
  scope: z.string().describe('name of a node, or of a thing of the topology; fleet = everything'),
  owner: z.string(),
  reason: z.string(),
  sinceMs: z.number(),
  untilMs: z.number(),
});
export type HoldView = z.infer<typeof HoldView>;

export const HoldAsk = z.strictObject({
  kind: z.enum(['pause', 'drill', 'manual']).default('pause'),
  scope: z.string().min(1).max(63).default('fleet'),
  owner: z.string().min(1).max(64).optional(),
  reason: z.string().min(1).max(500),
  untilMs: z.number().int(),
});
export type HoldAsk = z.infer<typeof HoldAsk>;

export const HoldList = z.object({ holds: z.array(HoldView) });
export type HoldList = z.infer<typeof HoldList>;

export const ExplainView = z.object({
  id: z.number(),
  node: z.string(),
  atMs: z.number(),
  decision: z.enum(['act', 'would-act', 'hold', 'watch', 'hands', 'well']),
  state: State,
  row: z.string().describe('row of the evidence table'),
  verdict: z.string(),
  rung: z.string().optional(),
  action: z.string().optional(),
  cause: z.string().optional(),
  objection: z
    .object({
      guard: z.string(),
      why: z.string(),
      measured: z.union([z.number(), z.string()]),
      limit: z.union([z.number(), z.string()]),
      domain: z.string(),
      members: z.array(z.string()),
    })
    .optional(),
  passed: z.array(z.string()).describe('guards that had nothing against it'),
  evidence: z.string(),
  missing: z.string().optional().describe('what earlier rungs of the row were wanting'),
  sinceMs: z.number(),
  policy: z.string().describe('hash of the policy in force'),
  words: z.string().describe('all of it in a sentence'),
});
export type ExplainView = z.infer<typeof ExplainView>;

export const NodeHealingView = z.object({
  node: z.string(),
  state: State,
  sinceMs: z.number().optional().describe('absent for what is simply healthy'),
  troubleSinceMs: z.number().optional(),
  tried: z.array(z.string()).describe('remedies of this incident'),
  isListed: z.boolean().describe('the topology says where it stands'),
  records: z.array(ExplainView).describe('acts and reasons against acting, newest first'),
});
export type NodeHealingView = z.infer<typeof NodeHealingView>;

export const ActionView = z.object({
  id: z.string(),
  node: z.string(),
  rung: z.string(),
  row: z.string(),
  state: z.enum(['queued', 'running', 'unknown', 'succeeded', 'failed', 'cancelled']),
  plannedAtMs: z.number(),
  atMs: z.number(),
  command: z.string().optional(),
  detail: z.string(),
});
export type ActionView = z.infer<typeof ActionView>;

export const PolicyView = z.object({
  revision: z.number().describe('0 = built in: nobody has set one'),
  name: z.string(),
  version: z.number(),
  hash: z.string(),
  mode: z.enum(['shadow', 'enforce']),
  text: z.string().describe('YAML, as it was given; empty for the built-in one'),
  atMs: z.number().optional(),
  actor: z.string().optional(),
});
export type PolicyView = z.infer<typeof PolicyView>;

export const PolicyList = z.object({ policies: z.array(PolicyView) });
export type PolicyList = z.infer<typeof PolicyList>;

export const PolicyPut = z.strictObject({
  text: z.string().min(1).max(65_536).describe('YAML'),
  reason: z.string().min(1).max(500),
});
export type PolicyPut = z.infer<typeof PolicyPut>;

export const HealingStatus = z.object({
  mode: z.enum(['shadow', 'enforce']),
  policy: z.string().describe('its hash'),
  policyName: z.string(),
  policyRevision: z.number(),
  graceMs: z.number().describe('how long the controller still listens before it judges; 0 = it judges'),
  heldBecause: z.string().optional().describe('commands are held after a restore'),
  lastPassAtMs: z.number().optional(),
  nodesWatched: z.number(),
  unlisted: z.array(z.string()).describe('enrolled, and the topology does not say where they stand; the first few'),
  unenrolled: z.array(z.string()).describe('in the topology, and never enrolled; the first few'),
  states: z.partialRecord(State, z.number()).describe('nodes that are not simply healthy'),
  causes: z.array(z.object({ name: z.string(), verdict: z.string(), sinceMs: z.number(), nodes: z.number() })),
  storms: z.array(z.object({ domain: z.string(), sinceMs: z.number() })),
  holds: z.array(HoldView),
  actions: z.array(ActionView).describe('that have no end yet'),
});
export type HealingStatus = z.infer<typeof HealingStatus>;
