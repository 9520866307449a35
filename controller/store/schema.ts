/** The tables as kysely sees them; migrations/ has the truth, and the conformance suite holds the two together. */

import type { Generated } from 'kysely';
import type { ApiTokenRow, AuditRow, SessionRow, UserRow } from './access-rows.js';

interface BoardColumns {
  board_model: string;
  board_serial: string;
  /** JSON: array of text. */
  board_mac_addresses: string;
}

export interface TokenRow {
  key_id: string;
  secret_hmac: string;
  site: string;
  kind: string;
  expires_at_ms: number;
  uses: number;
  /** JSON: array of text. */
  bound_to: string;
  pre_approved: number;
  expect_serial: string | null;
  created_at_ms: number;
  created_by: string;
  revoked: number;
}

export interface NodeRow extends BoardColumns {
  id: string;
  site: string;
  kind: string;
  name: string;
  lifecycle: string;
  enrolled_at_ms: number;
  desired_revision: number;
}

export interface EnrollmentRow extends BoardColumns {
  spki_sha256: string;
  token_key_id: string;
  site: string;
  kind: string;
  hostname: string;
  state: string;
  why: string;
  node_id: string | null;
  first_asked_at_ms: number;
  last_asked_at_ms: number;
}

export interface CredentialRow {
  node_id: string;
  renewal_counter: number;
  spki_sha256: string;
  certificate_serial: string;
  issued_at_ms: number;
  expires_at_ms: number;
}

export interface CommandRow {
  id: string;
  node_id: string;
  /** JSON: CommandAction. */
  action: string;
  state: string;
  rejection: string | null;
  detail: string;
  epoch: number;
  issued_at_ms: number;
  valid_for_ms: number;
  boot_id: string;
  reason: string;
  actor: string;
  updated_at_ms: number;
  /** JSON: Progress. */
  progress: string | null;
}

export interface ConditionRow {
  node_id: string;
  type: string;
  instance: string;
  status: string;
  severity: string;
  reason: string;
  message: string;
  since_ms: number;
}

export interface FleetEventRow {
  id: number;
  at_ms: number;
  node_id: string | null;
  /** Of its node. */
  site: string | null;
  severity: string;
  reason: string;
  message: string;
}

export interface HistoryRow {
  node_id: string;
  from_ms: number;
  to_ms: number;
  packed: Uint8Array;
}

export interface NodeConfigRow {
  node_id: string;
  revision: number;
  previous_revision: number;
  /** JSON: NodeConfig. */
  config: string;
  at_ms: number;
  actor: string;
  reason: string;
}

export interface SiteRow {
  id: string;
  label: string;
  location: string;
  /** Both set, or none. */
  uplink_down_bits_per_s: number | null;
  uplink_up_bits_per_s: number | null;
  uplink_monthly_bytes: number | null;
  created_at_ms: number;
  revision: number;
}

export interface NodeSettingRow {
  node_id: string;
  /** JSON: Labels. */
  labels: string;
  /** JSON: CapabilityOverrides. */
  capabilities: string;
  revision: number;
}

export interface MaintenanceRow {
  scope: string;
  scope_id: string;
  owner: string;
  reason: string;
  since_ms: number;
  until_ms: number;
}

export interface IdempotencyRow {
  key_sha256: string;
  request_sha256: string;
  at_ms: number;
  /** Both set, or none. */
  status: number | null;
  answer: string | null;
}

export interface AllocationRow {
  pool: string;
  number: number;
  owner: string;
  taken_at_ms: number;
  freed_at_ms: number | null;
}

export interface HoldRow {
  id: string;
  kind: string;
  scope: string;
  owner: string;
  reason: string;
  since_ms: number;
  until_ms: number;
}

export interface HealingActionRow {
  id: string;
  name: string;
  rung: string;
  evidence_row: string;
  is_cycle: number;
  spare: string | null;
  planned_at_ms: number;
  state: string;
  at_ms: number;
  changed: number;
  command_id: string;
  detail: string;
}

export interface OverlayAllocationRow {
  pool: string;
  idx: number;
  owner: string;
  taken_at_ms: number;
  freed_at_ms: number | null;
}

export interface OverlayTunnelRow {
  node_id: string;
  site: string;
  mode: string;
  spki_der: Uint8Array;
  certificate_serial: string;
  issued_at_ms: number;
  expires_at_ms: number;
}

export interface OverlayCertificateRow {
  certificate_serial: string;
  node_id: string;
  expires_at_ms: number;
  revoked_at_ms: number | null;
}

export interface UplinkUsageRow {
  site: string;
  month: string;
  received_bytes: number;
  sent_bytes: number;
}

export interface SwitchPlanRow {
  node_id: string;
  revision: number;
  /** JSON. */
  plan: string;
  change_id: string;
  at_ms: number;
  actor: string;
  reason: string;
}

interface IncidentEntryRow {
  incident_id: string;
  at_ms: number;
  kind: string;
  about: string;
  words: string;
  actor: string;
}

interface AlertDeliveryRow {
  incident_id: string;
  channel: string;
  kind: string;
  created_at_ms: number;
  attempts: number;
  next_at_ms: number;
  /** Why it did not arrive the last time; empty = it was not tried. */
  error: string;
}

export interface Tables {
  setting: { name: string; value: string };
  join_token: TokenRow;
  node: NodeRow;
  enrollment: EnrollmentRow;
  credential: CredentialRow;
  node_config: NodeConfigRow;
  command: CommandRow;
  signed_command: { command_id: string; payload: Uint8Array; key_id: string; signature: Uint8Array };
  pruned_command: { id: string };
  condition: ConditionRow;
  agent_boot: { id: Generated<number>; node_id: string; boot_id: string; last_event_at_ms: number };
  agent_event: {
    id: Generated<number>;
    boot: number;
    sequence: number;
    at_ms: number;
    uptime_ms: number;
    wall_clock_ms: number;
    /** JSON: AgentEventKind. */
    what: string;
  };
  fleet_event: Omit<FleetEventRow, 'id'> & { id: Generated<number> };
  site: SiteRow;
  node_setting: NodeSettingRow;
  maintenance: MaintenanceRow;
  idempotency: IdempotencyRow;
  history: HistoryRow & { id: Generated<number> };
  user_account: UserRow;
  api_token: ApiTokenRow;
  web_session: SessionRow;
  audit: AuditRow;
  /** record: JSON. */
  topology_item: { kind: string; name: string; place: number; record: string };
  allocation: AllocationRow;
  healing_policy: { revision: number; text: string; at_ms: number; actor: string };
  healing_hold: HoldRow;
  /** heal, history: JSON. */
  healed_node: { name: string; heal: string | null; history: string | null };
  healing_action: HealingActionRow;
  /** record: JSON. */
  explain_record: { id: Generated<number>; at_ms: number; node: string; record: string };
  overlay_allocation: OverlayAllocationRow;
  overlay_tunnel: OverlayTunnelRow;
  overlay_certificate: OverlayCertificateRow;
  uplink_usage: UplinkUsageRow;
  /** record: JSON. */
  port_change: { id: string; is_open: number; record: string };
  switch_plan: SwitchPlanRow;
  incident: {
    id: string;
    opened_at_ms: number;
    closed_at_ms: number | null;
    over_at_ms: number | null;
    record: string;
  };
  incident_entry: IncidentEntryRow & { id: Generated<number> };
  alert_delivery: AlertDeliveryRow & { id: Generated<number> };
  saga: { id: string; node: string; is_open: number; at_ms: number; record: string };
  /** record: JSON. */
  rollout: { id: string; is_open: number; at_ms: number; record: string };
}
