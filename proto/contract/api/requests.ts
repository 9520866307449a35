import { z } from 'zod';
import { MountAccess } from './fleet.js';

/** Bodies of mutating requests and the one error envelope. */

export const TokenCreate = z.strictObject({
  site: z.string(),
  kind: z.enum(['pi', 'fileserver', 'switch']),
  ttlMs: z
    .number()
    .int()
    .min(60_000)
    .max(30 * 86_400_000)
    .default(86_400_000),
  uses: z.number().int().min(1).max(10_000).default(1),
  preApproved: z.boolean().default(false),
  expectSerial: z
    .string()
    .regex(/^[0-9a-f]{8,16}$/)
    .optional(),
});
export type TokenCreate = z.infer<typeof TokenCreate>;

export const TokenCreated = z.object({
  keyId: z.string(),
  token: z.string().describe('shown once'),
  spkiPin: z.string().describe('SHA-256 of the root key, to be given to the node with the token'),
  enrollEndpoint: z.string(),
  expiresAtMs: z.number(),
});
export type TokenCreated = z.infer<typeof TokenCreated>;

export const CommandCreate = z.strictObject({
  action: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('restart-unit'), unit: z.string().min(1).max(255) }),
    z.strictObject({ kind: z.literal('reboot') }),
    z.strictObject({ kind: z.literal('remount'), mountPoint: z.string().min(1).max(255), access: MountAccess }),
    z.strictObject({ kind: z.literal('step-clock') }),
    z.strictObject({ kind: z.literal('identify'), forMs: z.number().int().min(5_000).max(300_000) }),
    z.strictObject({ kind: z.literal('diagnose') }),
  ]),
  reason: z.string().min(1).max(500),
  validForMs: z.number().int().min(1_000).max(86_400_000).default(300_000),
});
export type CommandCreate = z.infer<typeof CommandCreate>;

export const Reason = z.strictObject({ reason: z.string().min(1).max(500) });
export type Reason = z.infer<typeof Reason>;

export const EnrollmentApprove = z.strictObject({
  reason: z.string().min(1).max(500),
  /** Name for the new node; the hostname when absent. */
  name: z.string().min(1).max(63).optional(),
});
export type EnrollmentApprove = z.infer<typeof EnrollmentApprove>;

export const ErrorEnvelope = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  requestId: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type ErrorEnvelope = z.infer<typeof ErrorEnvelope>;
