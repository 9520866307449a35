import type { CommandView, EventView, NodeView } from '../../../proto/contract/api/fleet.js';

/** Things as the document shows them. */

export const NODE_ID = 'n-0123456789abc';
export const AT_MS = 1_795_176_000_000;

export const NODE_EXAMPLE: NodeView = {
  id: NODE_ID,
  name: 'pi-01',
  site: 'cam',
  kind: 'pi',
  state: 'ready',
  why: 'It reports, and no check found trouble.',
  liveness: 'fresh',
  lastSeenMs: AT_MS,
  connectedSinceMs: AT_MS - 3_600_000,
  bootedAtMs: AT_MS - 3_660_000,
  model: 'Raspberry Pi 3 Model B Rev 1.2',
  serial: '00000000a1b2c3d4',
  macAddresses: ['dc:a6:32:a1:b2:c3'],
  agentVersion: '0.1.0',
  desiredRevision: 0,
  desiredRevisionReached: 0,
  labels: { rack: '3' },
  capabilities: { netboot: 'rom', ethernet: 'yes', poe: 'unknown', watchdog: 'yes', rtc: 'no' },
  revision: 1,
  conditions: [],
};

export const EVENT_EXAMPLE: EventView = {
  id: 17,
  atMs: AT_MS,
  nodeId: NODE_ID,
  nodeName: 'pi-01',
  severity: 'warning',
  reason: 'ConditionRaised',
  message: 'DiskSpaceLow: 4.0 % free on /srv',
};

export const COMMAND_EXAMPLE: CommandView = {
  id: '01890000-0000-7000-8000-000000000001',
  nodeId: NODE_ID,
  action: { kind: 'restart-unit', unit: 'nginx.service' },
  state: 'dispatched',
  detail: '',
  reason: 'stuck',
  actor: 'admin:kim',
  issuedAtMs: AT_MS,
  validForMs: 300_000,
  updatedAtMs: AT_MS,
};
