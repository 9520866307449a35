/** Records as the use cases make them, for tests of whatever stores them. */

import { type CommandId, commandId, type NodeId, nodeId, siteId } from '../../../proto/contract/ids.js';
import type { CommandRecord, SignedCommand } from '../../domain/command.js';
import type { Condition } from '../../domain/condition.js';
import type { EnrollmentRecord } from '../../domain/enrollment.js';
import type { AgentEvent, FleetEvent } from '../../domain/event.js';
import type { CredentialRecord, Node } from '../../domain/node.js';
import type { NodeConfigRecord } from '../../domain/node-config.js';
import type { JoinToken } from '../../domain/token.js';
import type { HistorySegment, Log } from '../../usecases/ports.js';

export const T0_MS = 1_700_000_000_000;

export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

export const frozenClock = { nowMs: () => T0_MS, monotonicMs: () => 0 };

export const nodeIdOf = (n: number): NodeId => nodeId(`n-${String(n).padStart(13, '0')}`);

export const commandIdOf = (n: number): CommandId =>
  commandId(`018bcfe5-6800-7000-8000-${n.toString(16).padStart(12, '0')}`);

export const sampleNode = (n: number, over: Partial<Node> = {}): Node => ({
  id: nodeIdOf(n),
  site: siteId('attic'),
  kind: 'pi',
  name: `pi-${n}`,
  lifecycle: 'enrolled',
  board: { model: 'Raspberry Pi 4 Model B', serial: `10000000${n}`, macAddresses: ['dc:a6:32:00:00:01'] },
  enrolledAtMs: T0_MS + n,
  desiredRevision: 0,
  ...over,
});

export const sampleNodeConfig = (n: number, revision: number): NodeConfigRecord => ({
  nodeId: nodeIdOf(n),
  revision,
  previousRevision: revision - 1,
  config: { hostname: `pi-${revision}`, authorizedKeys: { pi: [] }, units: { 'cups.service': 'disabled' } },
  atMs: T0_MS + revision,
  actor: 'kim',
  reason: 'tidy',
});

export const sampleToken = (n: number, over: Partial<JoinToken> = {}): JoinToken => ({
  keyId: `token${String(n).padStart(3, '0')}`,
  secretHmac: 'ab'.repeat(32),
  site: siteId('attic'),
  kind: 'pi',
  expiresAtMs: T0_MS + 3_600_000,
  uses: 2,
  boundTo: [],
  preApproved: false,
  expectSerial: undefined,
  createdAtMs: T0_MS + n,
  createdBy: 'ops',
  revoked: false,
  ...over,
});

export const sampleEnrollment = (n: number, over: Partial<EnrollmentRecord> = {}): EnrollmentRecord => ({
  spkiSha256: n.toString(16).padStart(64, '0'),
  tokenKeyId: 'token001',
  site: siteId('attic'),
  kind: 'pi',
  board: { model: 'Raspberry Pi 5', serial: `2000${n}`, macAddresses: [] },
  hostname: `raspberrypi${n}`,
  state: 'pending',
  why: 'the board is not known',
  nodeId: undefined,
  firstAskedAtMs: T0_MS,
  lastAskedAtMs: T0_MS + n,
  ...over,
});

export const sampleCredential = (node: number, renewalCounter: number): CredentialRecord => ({
  nodeId: nodeIdOf(node),
  spkiSha256: (node * 1_000 + renewalCounter).toString(16).padStart(64, '0'),
  renewalCounter,
  certificateSerial: renewalCounter.toString(16).padStart(2, '0'),
  issuedAtMs: T0_MS + renewalCounter,
  expiresAtMs: T0_MS + renewalCounter + 86_400_000,
});

export const sampleCommand = (n: number, over: Partial<CommandRecord> = {}): CommandRecord => ({
  id: commandIdOf(n),
  nodeId: nodeIdOf(1),
  action: { kind: 'restart-unit', unit: 'ssh.service' },
  state: 'issued',
  rejection: undefined,
  detail: '',
  epoch: 1,
  issuedAtMs: T0_MS + n,
  validForMs: 60_000,
  bootId: '',
  reason: 'stuck',
  actor: 'ops',
  updatedAtMs: T0_MS + n,
  ...over,
});

export const sampleSigned = (n: number): SignedCommand => ({
  payload: Uint8Array.of(n, 0, 255),
  keyId: 'k1',
  signature: Uint8Array.from({ length: 64 }, (_, i) => (i * n) & 0xff),
});

export const sampleCondition = (n: number, over: Partial<Condition> = {}): Condition => ({
  nodeId: nodeIdOf(1),
  type: 'DiskSpaceLow',
  instance: `/srv/${n}`,
  status: 'true',
  severity: 'warning',
  reason: 'BelowLimit',
  message: '4.0 % free on /srv',
  sinceMs: T0_MS + n,
  ...over,
});

export const sampleAgentEvent = (sequence: number, over: Partial<AgentEvent> = {}): AgentEvent => ({
  bootId: '7b9d9f0e-52c5-4b51-9a0e-1f6f6a6f0001',
  sequence,
  uptimeMs: 1_000 + sequence,
  wallClockMs: T0_MS + sequence,
  what: { kind: 'clock-stepped', stepMs: -250 },
  ...over,
});

export const sampleFleetEvent = (n: number, over: Partial<FleetEvent> = {}): Omit<FleetEvent, 'id'> => ({
  atMs: T0_MS + n,
  nodeId: nodeIdOf(1),
  severity: 'info',
  reason: 'NodeEnrolled',
  message: `pi-1 joined (${n})`,
  ...over,
});

export const sampleSegment = (node: number, fromMs: number, toMs: number): HistorySegment => ({
  nodeId: nodeIdOf(node),
  fromMs,
  toMs,
  packed: Uint8Array.of(1, node, 2, 3),
});
