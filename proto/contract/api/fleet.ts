import { z } from 'zod';
import { MAILBOX_VERBS } from '../netboot/mailbox.js';
import { DesiredTryView } from './node-config.js';

/** What an operator sees; shared by the HTTP API, the CLI and the dashboard. Times are ms since 1970-01-01 UTC. */

export const Severity = z.enum(['info', 'warning', 'error']);

export const ConditionView = z.object({
  type: z.string().describe('CamelCase name of the trouble, such as DiskSpaceLow'),
  instance: z.string().describe('what it is about: a mount point, an interface; empty for the node itself'),
  status: z.enum(['true', 'false', 'unknown']),
  severity: Severity,
  message: z.string(),
  remedy: z.string().describe('what to do about it, in one sentence'),
  sinceMs: z.number(),
});
export type ConditionView = z.infer<typeof ConditionView>;

export const Liveness = z.enum(['fresh', 'late', 'silent', 'gone', 'unobserved']);
export type Liveness = z.infer<typeof Liveness>;

/** One word for a row: trouble first, silence never looks healthy. */
export const NodeState = z.enum(['ready', 'troubled', 'no-contact', 'unknown', 'maintenance', 'frozen', 'revoked']);
export type NodeState = z.infer<typeof NodeState>;

export const FactView = z.object({
  fact: z.string(),
  instance: z.string(),
  value: z.union([z.number(), z.string()]),
});
export type FactView = z.infer<typeof FactView>;

export const NodeKind = z.enum(['pi', 'fileserver', 'switch']);

export const MaintenanceView = z.object({
  scope: z.enum(['node', 'site']).describe('whether the node itself or its whole site is worked on'),
  owner: z.string().describe('whom to ask'),
  reason: z.string(),
  sinceMs: z.number(),
  untilMs: z.number().describe('over from then on, whether or not anybody ends it'),
});
export type MaintenanceView = z.infer<typeof MaintenanceView>;

const YesOrNo = z.enum(['yes', 'no', 'unknown']);

export const CapabilitiesView = z.object({
  netboot: z.enum(['none', 'bootcode-on-card', 'rom', 'eeprom', 'unknown']).describe('how it boots from the network'),
  ethernet: YesOrNo,
  poe: YesOrNo.describe('its power can be cycled from the switch'),
  watchdog: YesOrNo,
  rtc: YesOrNo.describe('it has a clock that runs without power'),
});
export type CapabilitiesView = z.infer<typeof CapabilitiesView>;

export const HealingView = z.object({
  state: z.string().describe('such as suspect, held, acting, probation, await-hands'),
  words: z.string().describe('why, in a sentence'),
  sinceMs: z.number(),
});
export type HealingView = z.infer<typeof HealingView>;

export const NodeView = z.object({
  id: z.string(),
  name: z.string(),
  site: z.string(),
  kind: NodeKind,
  state: NodeState,
  why: z.string().describe('the sentence behind the state'),
  liveness: Liveness,
  lastSeenMs: z.number().optional(),
  connectedSinceMs: z.number().optional(),
  bootedAtMs: z.number().optional().describe('by the controller’s clock'),
  model: z.string(),
  serial: z.string(),
  macAddresses: z.array(z.string()).describe('of its wired and wireless ports, as it enrolled'),
  agentVersion: z.string(),
  desiredRevision: z.number(),
  desiredRevisionReached: z.number(),
  desiredTry: DesiredTryView.optional().describe('the newest revision that was tried and is not in place'),
  labels: z.record(z.string(), z.string()),
  capabilities: CapabilitiesView,
  maintenance: MaintenanceView.optional().describe('in force; absent when nobody works on it'),
  healing: HealingView.optional().describe('absent for a node that is simply healthy'),
  revision: z.number().describe('counts changes by people: name, labels, capabilities'),
  conditions: z.array(ConditionView),
});
export type NodeView = z.infer<typeof NodeView>;

export const NodeDetail = NodeView.extend({
  capabilityOverrides: CapabilitiesView.partial().describe('what people set against the facts'),
  facts: z.array(FactView),
});
export type NodeDetail = z.infer<typeof NodeDetail>;

export const UplinkBudget = z.strictObject({
  downBitsPerS: z.number().int().min(1_000).max(1e12),
  upBitsPerS: z.number().int().min(1_000).max(1e12),
  monthlyBytes: z.number().int().min(1_000_000).max(Number.MAX_SAFE_INTEGER).optional(),
});
export type UplinkBudget = z.infer<typeof UplinkBudget>;

const UplinkUse = z
  .object({
    downBitsPerS: z.number().describe('towards the site, everything of ours'),
    upBitsPerS: z.number(),
    imagesBitsPerS: z.number().describe('of what goes down: images'),
    uploadsBitsPerS: z.number().describe('of what goes up: diagnostics and events, which give way'),
    monthBytes: z.number().describe('both directions, this month (UTC)'),
    reportIntervalMs: z.number().describe('how often its nodes report: more seldom where the uplink is tight'),
  })
  .describe('over the last minute, without the headers of packets');

export const SiteView = z.object({
  name: z.string(),
  label: z.string().describe('what people call it; may be empty'),
  location: z.string(),
  uplink: UplinkBudget.optional(),
  uplinkUse: UplinkUse.optional().describe('how it is used now'),
  createdAtMs: z.number(),
  revision: z.number().describe('counts changes, from 1'),
  maintenance: MaintenanceView.optional(),
  nodesByState: z.record(NodeState, z.number()),
});
export type SiteView = z.infer<typeof SiteView>;

export const EventView = z.object({
  id: z.number(),
  atMs: z.number(),
  nodeId: z.string().optional(),
  nodeName: z.string().optional(),
  severity: Severity,
  reason: z.string(),
  message: z.string(),
});
export type EventView = z.infer<typeof EventView>;

export const MountAccess = z.enum(['read-write', 'read-only']);

export const CommandView = z.object({
  id: z.string(),
  nodeId: z.string(),
  action: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('restart-unit'), unit: z.string() }),
    z.object({ kind: z.literal('reboot'), despiteArrays: z.array(z.string()).readonly().optional() }),
    z.object({ kind: z.literal('remount'), mountPoint: z.string(), access: MountAccess }),
    z.object({ kind: z.literal('step-clock') }),
    z.object({ kind: z.literal('identify'), forMs: z.number() }),
    z.object({ kind: z.literal('stay-away'), forMs: z.number(), from: z.enum(['all', 'current']) }),
    z.object({ kind: z.literal('diagnose') }).describe('its upload has the id of the command'),
    z.object({ kind: z.literal('raid-replace'), array: z.string(), oldMember: z.string(), newMember: z.string() }),
    z.object({ kind: z.literal('raid-scrub'), array: z.string(), action: z.enum(['start', 'stop']) }),
    z.object({ kind: z.enum(['pull-image', 'remove-image']), image: z.string() }),
    z.object({
      kind: z.literal('root-prepare'),
      serial: z.string(),
      image: z.string(),
      dataBytes: z.number(),
      freshData: z.boolean(),
    }),
    z.object({ kind: z.literal('root-activate'), serial: z.string(), generation: z.number() }),
    z.object({ kind: z.literal('root-roll-back'), serial: z.string(), generation: z.number() }),
    z.object({ kind: z.literal('cancel-command'), commandId: z.string() }),
    z.object({ kind: z.literal('root-remove'), serial: z.string(), keepData: z.boolean() }),
    z.object({ kind: z.literal('boot-path-repair'), serial: z.string() }),
    z.object({ kind: z.literal('root-mailbox'), serial: z.string(), verb: z.enum(MAILBOX_VERBS) }),
    z.object({ kind: z.literal('switch-apply'), plan: z.string(), confirmWithinMs: z.number() }),
    z.object({ kind: z.literal('switch-confirm'), changeId: z.string() }),
    z.object({ kind: z.literal('switch-roll-back'), changeId: z.string() }),
    z.object({
      kind: z.literal('switch-power'),
      port: z.string(),
      action: z.enum(['on', 'off', 'cycle']),
      offMs: z.number(),
      bootLeaseId: z.string(),
    }),
  ]),
  state: z.enum([
    'issued',
    'dispatched',
    'accepted',
    'started',
    'succeeded',
    'failed',
    'rejected',
    'unknown',
    'lapsed',
  ]),
  rejection: z.string().optional(),
  detail: z.string(),
  reason: z.string(),
  actor: z.string(),
  issuedAtMs: z.number(),
  validForMs: z.number(),
  updatedAtMs: z.number(),
  progress: z
    .object({ percent: z.number(), doneBytes: z.number(), totalBytes: z.number() })
    .optional()
    .describe('how far it was when it was last heard of'),
});
export type CommandView = z.infer<typeof CommandView>;

export const EnrollmentView = z.object({
  fingerprint: z.string().describe('lower-case hex SHA-256 of the public key; names the request'),
  words: z.string().describe('the same fingerprint as words, to compare with what the node shows'),
  site: z.string(),
  kind: NodeKind,
  hostname: z.string(),
  model: z.string(),
  serial: z.string(),
  state: z.enum(['pending', 'approved', 'rejected']),
  why: z.string(),
  nodeId: z.string().optional(),
  firstAskedAtMs: z.number(),
  lastAskedAtMs: z.number(),
});
export type EnrollmentView = z.infer<typeof EnrollmentView>;

export const TokenView = z.object({
  keyId: z.string(),
  site: z.string(),
  kind: NodeKind,
  expiresAtMs: z.number(),
  uses: z.number(),
  usesLeft: z.number(),
  preApproved: z.boolean(),
  expectSerial: z.string().optional(),
  createdBy: z.string(),
  revoked: z.boolean(),
});
export type TokenView = z.infer<typeof TokenView>;
