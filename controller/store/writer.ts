import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId, SiteId } from '../../proto/contract/ids.js';
import type { CommandRecord, SignedCommand } from '../domain/command.js';
import type { Condition } from '../domain/condition.js';
import type { EnrollmentRecord } from '../domain/enrollment.js';
import type { AgentEvent, FleetEvent } from '../domain/event.js';
import type { Maintenance, MaintenanceScope } from '../domain/maintenance.js';
import type { CredentialRecord, Node } from '../domain/node.js';
import type { NodeConfigRecord } from '../domain/node-config.js';
import type { NodeSettings } from '../domain/node-settings.js';
import type { Site } from '../domain/site.js';
import type { JoinToken } from '../domain/token.js';
import type { AccessWriter } from '../usecases/access/ports.js';
import type { AuditWriter } from '../usecases/audit/ports.js';
import type { HealingWriter } from '../usecases/healing/ports.js';
import type { IncidentWriter } from '../usecases/incidents/ports.js';
import type { OverlayWriter } from '../usecases/overlay/ports.js';
import type { HistorySegment, IdempotencyRecord, PruneBefore, StoreWriter } from '../usecases/ports.js';
import type { ProvisioningWriter } from '../usecases/provisioning/ports.js';
import type { SwitchWriter } from '../usecases/switches/ports.js';
import { SqlAccessWriter } from './access-store.js';
import { SqlAuditWriter } from './audit-store.js';
import { SqlHealingWriter } from './healing-store.js';
import { SqlIncidentWriter } from './incident-store.js';
import { idempotencyRow, maintenanceRow, nodeSettingRow, scopeColumns, siteRow } from './operator-rows.js';
import { SqlOverlayWriter } from './overlay-store.js';
import { SqlProvisioningWriter } from './provisioning-store.js';
import { prune } from './prune.js';
import type { Query } from './query.js';
import { SqlReader } from './reader.js';
import { commandRow, conditionRow, credentialRow, enrollmentRow, nodeConfigRow, nodeRow, tokenRow } from './rows.js';
import { SqlSwitchWriter } from './switch-store.js';

/** Revisions of a node's config that can be looked at and gone back to. */
const CONFIGS_KEPT = 200;

/** Rows that are too many are removed in steps of this size at most. */
const SURPLUS_MAX = 10_000;

/**
 * Only a transaction makes one; its queries fail once the transaction is over. Queries that do not need each other's
 * answers are asked together: they run in this order all the same, and travel to the database as one message.
 */
export class SqlWriter extends SqlReader implements StoreWriter {
  override readonly access: AccessWriter;
  override readonly audit: AuditWriter;
  override readonly healing: HealingWriter;
  override readonly overlay: OverlayWriter;
  override readonly switches: SwitchWriter;
  override readonly incidents: IncidentWriter;
  override readonly provisioning: ProvisioningWriter;

  constructor(query: Query) {
    super(query);
    this.access = new SqlAccessWriter(query);
    this.audit = new SqlAuditWriter(query);
    this.healing = new SqlHealingWriter(query);
    this.overlay = new SqlOverlayWriter(query);
    this.switches = new SqlSwitchWriter(query);
    this.incidents = new SqlIncidentWriter(query);
    this.provisioning = new SqlProvisioningWriter(query);
  }

  async putSetting(name: string, value: string): Promise<void> {
    const insert = this.query.insertInto('setting').values({ name, value });
    await insert.onConflict((conflict) => conflict.column('name').doUpdateSet({ value })).execute();
  }

  async removeSetting(name: string): Promise<void> {
    await this.query.deleteFrom('setting').where('name', '=', name).execute();
  }

  async putToken(token: JoinToken): Promise<void> {
    const { key_id, ...rest } = tokenRow(token);
    const insert = this.query.insertInto('join_token').values({ key_id, ...rest });
    await insert.onConflict((conflict) => conflict.column('key_id').doUpdateSet(rest)).execute();
  }

  async putEnrollment(record: EnrollmentRecord): Promise<void> {
    const { spki_sha256, ...rest } = enrollmentRow(record);
    const insert = this.query.insertInto('enrollment').values({ spki_sha256, ...rest });
    await insert.onConflict((conflict) => conflict.column('spki_sha256').doUpdateSet(rest)).execute();
  }

  async putNode(node: Node): Promise<void> {
    // Asked first: a failed insert would end the whole transaction on databases stricter than SQLite.
    const holder = await this.nodeByName(node.name);
    if (holder !== undefined && holder.id !== node.id) {
      // Not whose: it may be at a site that whoever asks may not see.
      throw new BrambleError('already-exists', `another node has the name ${node.name}`, {
        hint: 'choose another name',
      });
    }
    const { id, ...rest } = nodeRow(node);
    const insert = this.query.insertInto('node').values({ id, ...rest });
    await insert.onConflict((conflict) => conflict.column('id').doUpdateSet(rest)).execute();
  }

  /** Keeps the newest two of the node. */
  async putCredential(record: CredentialRecord): Promise<void> {
    const { node_id, renewal_counter, ...rest } = credentialRow(record);
    const insert = this.query.insertInto('credential').values({ node_id, renewal_counter, ...rest });
    const put = insert.onConflict((conflict) => conflict.columns(['node_id', 'renewal_counter']).doUpdateSet(rest));
    const ofNode = this.query.selectFrom('credential').select('renewal_counter').where('node_id', '=', node_id);
    const kept = ofNode.orderBy('renewal_counter', 'desc').limit(2);
    const remove = this.query.deleteFrom('credential').where('node_id', '=', node_id);
    await Promise.all([put.execute(), remove.where('renewal_counter', 'not in', kept).execute()]);
  }

  /** Keeps the newest CONFIGS_KEPT of the node. */
  async addNodeConfig(record: NodeConfigRecord): Promise<void> {
    const ofNode = this.query.selectFrom('node_config').select('revision').where('node_id', '=', record.nodeId);
    const kept = ofNode.orderBy('revision', 'desc').limit(CONFIGS_KEPT);
    const remove = this.query.deleteFrom('node_config').where('node_id', '=', record.nodeId);
    await Promise.all([
      this.query.insertInto('node_config').values(nodeConfigRow(record)).execute(),
      remove.where('revision', 'not in', kept).execute(),
    ]);
  }

  /** `signed` is kept when this one is `undefined`. */
  async putCommand(record: CommandRecord, signed: SignedCommand | undefined): Promise<void> {
    const { id, ...rest } = commandRow(record);
    const insert = this.query.insertInto('command').values({ id, ...rest });
    const put = insert.onConflict((conflict) => conflict.column('id').doUpdateSet(rest)).execute();
    await Promise.all(signed === undefined ? [put] : [put, this.#putSigned(id, signed)]);
  }

  async #putSigned(id: string, signed: SignedCommand): Promise<void> {
    const bytes = { payload: signed.payload, key_id: signed.keyId, signature: signed.signature };
    const insert = this.query.insertInto('signed_command').values({ command_id: id, ...bytes });
    await insert.onConflict((conflict) => conflict.column('command_id').doUpdateSet(bytes)).execute();
  }

  async putCondition(condition: Condition): Promise<void> {
    const { node_id, type, instance, ...rest } = conditionRow(condition);
    const insert = this.query.insertInto('condition').values({ node_id, type, instance, ...rest });
    await insert
      .onConflict((conflict) => conflict.columns(['node_id', 'type', 'instance']).doUpdateSet(rest))
      .execute();
  }

  async removeCondition({ nodeId, type, instance }: Pick<Condition, 'nodeId' | 'type' | 'instance'>): Promise<void> {
    const ofNode = this.query.deleteFrom('condition').where('node_id', '=', nodeId);
    await ofNode.where('type', '=', type).where('instance', '=', instance).execute();
  }

  async addAgentEvent(nodeId: NodeId, event: AgentEvent, atMs: number): Promise<boolean> {
    const { bootId, sequence, uptimeMs, wallClockMs, what } = event;
    const boot = this.query
      .insertInto('agent_boot')
      .values({ node_id: nodeId, boot_id: bootId, last_event_at_ms: atMs })
      .onConflict((conflict) => conflict.columns(['node_id', 'boot_id']).doUpdateSet({ last_event_at_ms: atMs }));
    const insert = this.query
      .insertInto('agent_event')
      .columns(['boot', 'sequence', 'at_ms', 'uptime_ms', 'wall_clock_ms', 'what'])
      .expression(({ selectFrom, val }) =>
        selectFrom('agent_boot')
          .select(['id', val(sequence).as('sequence'), val(atMs).as('at_ms'), val(uptimeMs).as('uptime_ms')])
          .select([val(wallClockMs).as('wall_clock_ms'), val(JSON.stringify(what)).as('what')])
          .where('node_id', '=', nodeId)
          .where('boot_id', '=', bootId),
      )
      .onConflict((conflict) => conflict.columns(['boot', 'sequence']).doNothing());
    const [, { numInsertedOrUpdatedRows }] = await Promise.all([boot.execute(), insert.executeTakeFirst()]);
    return numInsertedOrUpdatedRows === 1n;
  }

  async addFleetEvent(event: Omit<FleetEvent, 'id'>): Promise<FleetEvent> {
    const { id } = await this.query
      .insertInto('fleet_event')
      .values({
        at_ms: event.atMs,
        node_id: event.nodeId ?? null,
        site: ({ selectFrom }) =>
          selectFrom('node')
            .select('site')
            .where('id', '=', event.nodeId ?? null),
        severity: event.severity,
        reason: event.reason,
        message: event.message,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    return { ...event, id };
  }

  /** Replaces what starts at the same moment. */
  async addHistory(segment: HistorySegment): Promise<void> {
    const { nodeId, fromMs, toMs, packed } = segment;
    const row = { node_id: nodeId, from_ms: fromMs, to_ms: toMs, packed };
    await Promise.all([this.removeHistory(segment), this.query.insertInto('history').values(row).execute()]);
  }

  async removeHistory({ nodeId, fromMs }: Pick<HistorySegment, 'nodeId' | 'fromMs'>): Promise<void> {
    await this.query.deleteFrom('history').where('node_id', '=', nodeId).where('from_ms', '=', fromMs).execute();
  }

  async putSite(site: Site): Promise<void> {
    const { id, ...rest } = siteRow(site);
    const insert = this.query.insertInto('site').values({ id, ...rest });
    await insert.onConflict((conflict) => conflict.column('id').doUpdateSet(rest)).execute();
  }

  async removeSite(id: SiteId): Promise<void> {
    await this.query.deleteFrom('join_token').where('site', '=', id).execute();
    await this.query.deleteFrom('enrollment').where('site', '=', id).where('node_id', 'is', null).execute();
    await this.query.deleteFrom('site').where('id', '=', id).execute();
  }

  async putNodeSettings(settings: NodeSettings): Promise<void> {
    const { node_id, ...rest } = nodeSettingRow(settings);
    const insert = this.query.insertInto('node_setting').values({ node_id, ...rest });
    await insert.onConflict((conflict) => conflict.column('node_id').doUpdateSet(rest)).execute();
  }

  async putMaintenance(maintenance: Maintenance): Promise<void> {
    const { scope, scope_id, ...rest } = maintenanceRow(maintenance);
    const insert = this.query.insertInto('maintenance').values({ scope, scope_id, ...rest });
    await insert.onConflict((conflict) => conflict.columns(['scope', 'scope_id']).doUpdateSet(rest)).execute();
  }

  async removeMaintenance(of: MaintenanceScope): Promise<void> {
    const { scope, scope_id } = scopeColumns(of);
    await this.query.deleteFrom('maintenance').where('scope', '=', scope).where('scope_id', '=', scope_id).execute();
  }

  async putIdempotent(record: IdempotencyRecord): Promise<void> {
    const { key_sha256, ...rest } = idempotencyRow(record);
    const insert = this.query.insertInto('idempotency').values({ key_sha256, ...rest });
    await insert.onConflict((conflict) => conflict.column('key_sha256').doUpdateSet(rest)).execute();
  }

  async removeIdempotent(keySha256: string): Promise<void> {
    await this.query.deleteFrom('idempotency').where('key_sha256', '=', keySha256).execute();
  }

  async pruneIdempotent(beforeMs: number, keepCount: number): Promise<void> {
    const rows = this.query.selectFrom('idempotency').select('key_sha256');
    const newest = rows.orderBy('at_ms', 'desc').orderBy('key_sha256', 'desc');
    // SQLite has no offset without a limit.
    const surplus = newest.limit(SURPLUS_MAX).offset(keepCount);
    const remove = () => this.query.deleteFrom('idempotency');
    await Promise.all([
      remove().where('at_ms', '<', beforeMs).execute(),
      remove().where('key_sha256', 'in', surplus).execute(),
    ]);
  }

  async prune(before: PruneBefore, limit: number): Promise<number> {
    return await prune(this.query, before, limit);
  }
}
