import { z } from 'zod';

/** Changes of the ports of switches, as people and tools see them. Times are ms since 1970-01-01 UTC. */

const planText = z.string().max(32_768).describe('what every port is for, as JSON');
const reason = z.string().min(1).max(500);

export const PortWish = z.strictObject({ nodeId: z.string().regex(/^n-[0-9a-z]{13}$/), plan: planText });
export type PortWish = z.infer<typeof PortWish>;

export const PortPlanRequest = z.strictObject({ switches: z.array(PortWish).min(1).max(16) });
export type PortPlanRequest = z.infer<typeof PortPlanRequest>;

export const PortPreview = z.object({
  nodeId: z.string(),
  name: z.string(),
  revision: z.number().describe('of the plan that it is compared with; 0 = none was kept yet'),
  findings: z.array(z.object({ severity: z.enum(['error', 'warning']), code: z.string(), message: z.string() })),
  effects: z.array(z.object({ name: z.string(), effect: z.enum(['flap', 'move', 'label']), what: z.string() })),
  diff: z.array(z.string()).describe('lines of its file that begin with " ", "+" or "-"'),
});
export type PortPreview = z.infer<typeof PortPreview>;

export const PortPreviewList = z.object({ switches: z.array(PortPreview) });

export const PortChangeCreate = z.strictObject({
  switches: PortPlanRequest.shape.switches,
  reason,
  confirmWithinMs: z
    .number()
    .int()
    .min(40_000)
    .max(600_000)
    .default(120_000)
    .describe('each switch takes it back by itself unless it is told by then that it may stay'),
  byHand: z.boolean().default(false).describe('it stays only when a person has confirmed it too'),
});
export type PortChangeCreate = z.infer<typeof PortChangeCreate>;

export const PortChangeView = z.object({
  id: z.string(),
  atMs: z.number(),
  actor: z.string(),
  reason: z.string(),
  state: z
    .enum(['applying', 'watching', 'confirming', 'taking-back', 'kept', 'taken-back', 'split', 'stuck'])
    .describe('the last four are ends; split: some switches kept it; stuck: one is frozen'),
  stateAtMs: z.number(),
  detail: z.string().describe('what is waited for, or how it ended'),
  confirmWithinMs: z.number(),
  byHand: z.boolean(),
  approved: z.boolean(),
  restores: z.string().describe('the change that it takes back; empty = none'),
  switches: z.array(
    z.object({
      nodeId: z.string(),
      name: z.string(),
      plan: planText,
      applyCommand: z.string().optional(),
      settleCommand: z.string().optional().describe('that confirmed it there, or took it back'),
    }),
  ),
});
export type PortChangeView = z.infer<typeof PortChangeView>;

export const PortChangeList = z.object({ changes: z.array(PortChangeView) });

export const PortChangeReason = z.strictObject({ reason });

export const KeptPlanView = z.object({
  revision: z.number(),
  plan: planText,
  changeId: z.string(),
  atMs: z.number(),
  actor: z.string(),
  reason: z.string(),
});
export type KeptPlanView = z.infer<typeof KeptPlanView>;

export const SwitchPortsView = z.object({
  nodeId: z.string(),
  name: z.string(),
  file: z
    .enum(['as-planned', 'differs', 'unknown'])
    .describe('whether its file is that of the newest plan; unknown: none was kept, or it has not told'),
  kernelDrift: z.array(z.string()).describe('where its kernel is otherwise than its file says'),
  plans: z.array(KeptPlanView).describe('that were kept, newest first'),
});
export type SwitchPortsView = z.infer<typeof SwitchPortsView>;
