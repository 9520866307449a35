import { z } from 'zod';
import { MAILBOX_VERBS } from '../netboot/mailbox.js';
import { MaintenanceView, MountAccess, NodeKind, UplinkBudget } from './fleet.js';

/** Bodies of mutating requests and the one error envelope. */

export const TokenCreate = z.strictObject({
  site: z.string(),
  kind: NodeKind,
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

const imageDigest = z.string().regex(/^[0-9a-f]{64}$/, 'must be the digest of an image, 64 hexadecimal digits');
const blockDevice = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,30}$/, 'must be a name in /dev, without a path');

const boardSerial = z.string().regex(/^[0-9a-f]{8}$/, 'must be the last eight digits of a serial number, lower case');
const generation = z.number().int().min(1).max(999_999_999);

export const CommandCreate = z.strictObject({
  action: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('restart-unit'), unit: z.string().min(1).max(255) }),
    z.strictObject({
      kind: z.literal('reboot'),
      despiteArrays: z
        .array(blockDevice)
        .max(32)
        .readonly()
        .optional()
        .describe('arrays that are not whole, each by its name'),
    }),
    z.strictObject({ kind: z.literal('remount'), mountPoint: z.string().min(1).max(255), access: MountAccess }),
    z.strictObject({ kind: z.literal('step-clock') }),
    z.strictObject({ kind: z.literal('identify'), forMs: z.number().int().min(5_000).max(300_000) }),
    z.strictObject({
      kind: z.literal('stay-away'),
      forMs: z.number().int().min(10_000).max(600_000).describe('after that it comes back by its own clock'),
      from: z.enum(['all', 'current']).describe('nobody is dialled, or not the address that it is connected over'),
    }),
    z.strictObject({ kind: z.literal('diagnose') }),
    z.strictObject({
      kind: z.literal('raid-replace'),
      array: blockDevice,
      oldMember: z.union([blockDevice, z.literal('')]).describe('empty: its place is vacant'),
      newMember: blockDevice.describe('everything on it is lost'),
    }),
    z.strictObject({ kind: z.literal('raid-scrub'), array: blockDevice, action: z.enum(['start', 'stop']) }),
    z.strictObject({
      kind: z.literal('root-prepare'),
      serial: boardSerial,
      image: z.string().regex(/^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/, 'is no name of an image'),
      dataBytes: z
        .number()
        .int()
        .min(2 ** 20)
        .max(2 ** 44)
        .default(10 * 2 ** 30)
        .describe('of the data volume, when the board has none yet'),
      freshData: z.boolean().default(false).describe('the data volume that is there is wiped'),
    }),
    z.strictObject({ kind: z.literal('root-activate'), serial: boardSerial, generation }),
    z.strictObject({
      kind: z.literal('root-roll-back'),
      serial: boardSerial,
      generation: generation.describe('the one to be left'),
    }),
    z.strictObject({ kind: z.literal('cancel-command'), commandId: z.uuid() }),
    z.strictObject({ kind: z.literal('root-remove'), serial: boardSerial, keepData: z.boolean().default(true) }),
    z.strictObject({ kind: z.literal('boot-path-repair'), serial: boardSerial }),
    z.strictObject({ kind: z.literal('root-mailbox'), serial: boardSerial, verb: z.enum(MAILBOX_VERBS) }),
    z.strictObject({
      kind: z.literal('switch-apply'),
      plan: z.string().max(32_768).describe('what every port is for, as JSON'),
      confirmWithinMs: z.number().int().min(20_000).max(600_000).describe('taken back by the switch unless confirmed'),
    }),
    z.strictObject({ kind: z.literal('switch-confirm'), changeId: z.uuid() }),
    z.strictObject({ kind: z.literal('switch-roll-back'), changeId: z.uuid() }),
    z.strictObject({
      kind: z.literal('switch-power'),
      port: z.string().regex(/^[a-z][a-z0-9_-]{0,14}$/),
      action: z.enum(['on', 'off', 'cycle']),
      offMs: z.number().int().min(0).max(120_000).default(0).describe('of a cycle, 15000 or more'),
      bootLeaseId: z
        .string()
        .regex(/^[\w-]{0,64}$/)
        .default(''),
    }),
    z.strictObject({ kind: z.enum(['pull-image', 'remove-image']), image: imageDigest }),
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

/** One line for people: no line breaks, nothing that moves a cursor. */
const line = (charactersMax: number) =>
  z
    .string()
    .max(charactersMax)
    .regex(/^\P{C}*$/u, 'has characters that cannot be seen');

export const SiteCreate = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'is a lower-case letter, then at most 31 letters, digits or dashes'),
  label: line(100).default(''),
  location: line(200).default(''),
  uplink: UplinkBudget.optional(),
});
export type SiteCreate = z.infer<typeof SiteCreate>;

/** What is not named stays as it is. */
export const SiteChange = z.strictObject({
  label: line(100).optional(),
  location: line(200).optional(),
  uplink: UplinkBudget.nullable().optional().describe('null: nobody knows any longer'),
});
export type SiteChange = z.infer<typeof SiteChange>;

const flag = z.enum(['yes', 'no']).nullable().optional();

/** What is not named stays as it is; null removes a label, or gives a capability back to the facts. */
export const NodeChange = z.strictObject({
  name: z.string().min(1).max(63).optional().describe('a host name in lower case, unique within the fleet'),
  labels: z.record(z.string().max(320), z.string().max(63).nullable()).optional(),
  capabilities: z
    .strictObject({
      netboot: z.enum(['none', 'bootcode-on-card', 'rom', 'eeprom']).nullable().optional(),
      ethernet: flag,
      poe: flag,
      watchdog: flag,
      rtc: flag,
    })
    .optional(),
});
export type NodeChange = z.infer<typeof NodeChange>;

export const MaintenanceStart = z.strictObject({
  reason: line(500).min(1),
  owner: line(64).min(1).optional().describe('whom to ask; who asks for it when absent'),
  untilMs: z.number().int().describe('when it is over by itself; at most 90 days ahead'),
});
export type MaintenanceStart = z.infer<typeof MaintenanceStart>;

/** Maintenance of a scope after a change; absent when there is none. */
export const MaintenanceState = z.object({ maintenance: MaintenanceView.optional() });
export type MaintenanceState = z.infer<typeof MaintenanceState>;

export const ErrorEnvelope = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  requestId: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type ErrorEnvelope = z.infer<typeof ErrorEnvelope>;
