import { z } from 'zod';
import { Reason } from './requests.js';

/** Copies of what a controller must not lose, and its return to service. Times are ms since 1970-01-01 UTC. */

export const BackupCreate = z.strictObject({
  withKeys: z
    .boolean()
    .default(true)
    .describe('the keys of the fleet too; without them a new controller is a stranger'),
  reason: Reason.shape.reason,
});

export const BackupView = z.object({
  name: z.string(),
  path: z.string().describe('folder on the controller’s machine'),
  madeAtMs: z.number(),
  schemaVersion: z.number(),
  sizeBytes: z.number(),
  withKeys: z.boolean(),
});
export type BackupView = z.infer<typeof BackupView>;

export const PromotionCreate = z.strictObject({
  reason: Reason.shape.reason,
  confirm: z.string().max(253).describe('the name of the controller’s machine, once more'),
});

export const PromotionView = z.object({
  epoch: z.number().describe('of commands from now on'),
  epochBefore: z.number(),
  heldBecause: z.string(),
});
export type PromotionView = z.infer<typeof PromotionView>;
