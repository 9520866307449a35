import { assert } from '../../proto/contract/assert.js';
import type { CommandId, NodeId, SiteId } from '../../proto/contract/ids.js';
import type { CommandRecord, CommandState, SignedCommand } from '../domain/command.js';
import type { Condition } from '../domain/condition.js';
import type { EnrollmentRecord, EnrollmentState } from '../domain/enrollment.js';
import type { FleetEvent } from '../domain/event.js';
import type { Maintenance } from '../domain/maintenance.js';
import type { CredentialRecord, Node } from '../domain/node.js';
import type { NodeConfigRecord } from '../domain/node-config.js';
import type { NodeSettings } from '../domain/node-settings.js';
import type { Site, SiteContents } from '../domain/site.js';
import type { JoinToken } from '../domain/token.js';
import type { AccessReader } from '../usecases/access/ports.js';
import type { AuditReader } from '../usecases/audit/ports.js';
import type { HealingReader } from '../usecases/healing/ports.js';
import type { IncidentReader } from '../usecases/incidents/ports.js';
import type { OverlayReader } from '../usecases/overlay/ports.js';
import type {
  EnrollmentKey,
  EventsOf,
  HistorySegment,
  IdempotencyRecord,
  KeyedPage,
  Page,
  StoreReader,
  TokenKey,
} from '../usecases/ports.js';
import type { ProvisioningReader } from '../usecases/provisioning/ports.js';
import type { SwitchReader } from '../usecases/switches/ports.js';
import { SqlAccessReader } from './access-store.js';
import { SqlAuditReader } from './audit-store.js';
import { type EventRows, findEvents } from './event-query.js';
import { SqlHealingReader } from './healing-store.js';
import { SqlIncidentReader } from './incident-store.js';
import { idempotencyOf, maintenanceOf, nodeSettingsOf, siteOf } from './operator-rows.js';
import { SqlOverlayReader } from './overlay-store.js';
import { SqlProvisioningReader } from './provisioning-store.js';
import { EVENTS_PRUNED_SETTING } from './prune.js';
import type { Query } from './query.js';
import {
  commandOf,
  conditionOf,
  credentialOf,
  enrollmentOf,
  fleetEventOf,
  nodeConfigOf,
  nodeOf,
  segmentOf,
  signedOf,
  tokenOf,
} from './rows.js';
import { SqlSwitchReader } from './switch-store.js';

const PAGE_LIMIT_MAX = 1_000;
/** Ids asked for in one query. */
const IDS_MAX = 500;

/** Every method is one query, and so sees one state of the database; siteContents() is several, and meant for a writer. */
export class SqlReader implements StoreReader {
  readonly access: AccessReader;
  readonly audit: AuditReader;
  readonly healing: HealingReader;
  readonly overlay: OverlayReader;
  readonly switches: SwitchReader;
  readonly incidents: IncidentReader;
  readonly provisioning: ProvisioningReader;
  protected readonly query: Query;

  constructor(query: Query) {
    this.query = query;
    this.access = new SqlAccessReader(query);
    this.audit = new SqlAuditReader(query);
    this.healing = new SqlHealingReader(query);
    this.overlay = new SqlOverlayReader(query);
    this.switches = new SqlSwitchReader(query);
    this.incidents = new SqlIncidentReader(query);
    this.provisioning = new SqlProvisioningReader(query);
  }

  async setting(name: string): Promise<string | undefined> {
    const row = await this.query.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst();
    return row?.value;
  }

  async token(keyId: string): Promise<JoinToken | undefined> {
    const row = await this.query.selectFrom('join_token').selectAll().where('key_id', '=', keyId).executeTakeFirst();
    return row && tokenOf(row);
  }

  async tokens(page: KeyedPage<TokenKey>): Promise<readonly JoinToken[]> {
    const { after } = page;
    const all = this.query.selectFrom('join_token').selectAll();
    // A pair is compared as a whole, so that the index finds the place.
    const rest =
      after === undefined
        ? all
        : all.where(({ eb, refTuple, tuple }) =>
            eb(refTuple('created_at_ms', 'key_id'), '<', tuple(after.createdAtMs, after.keyId)),
          );
    const newest = rest.orderBy('created_at_ms', 'desc').orderBy('key_id', 'desc');
    return (await newest.limit(limitOf(page)).execute()).map(tokenOf);
  }

  async enrollment(spkiSha256: string): Promise<EnrollmentRecord | undefined> {
    const rows = this.query.selectFrom('enrollment').selectAll().where('spki_sha256', '=', spkiSha256);
    const row = await rows.executeTakeFirst();
    return row && enrollmentOf(row);
  }

  async enrollments(state: EnrollmentState, page: KeyedPage<EnrollmentKey>): Promise<readonly EnrollmentRecord[]> {
    const { after } = page;
    const all = this.query.selectFrom('enrollment').selectAll().where('state', '=', state);
    const rest =
      after === undefined
        ? all
        : all.where(({ eb, refTuple, tuple }) =>
            eb(refTuple('first_asked_at_ms', 'spki_sha256'), '<', tuple(after.firstAskedAtMs, after.spkiSha256)),
          );
    const newest = rest.orderBy('first_asked_at_ms', 'desc').orderBy('spki_sha256', 'desc');
    return (await newest.limit(limitOf(page)).execute()).map(enrollmentOf);
  }

  async node(id: NodeId): Promise<Node | undefined> {
    const row = await this.query.selectFrom('node').selectAll().where('id', '=', id).executeTakeFirst();
    return row && nodeOf(row);
  }

  async nodeByName(name: string): Promise<Node | undefined> {
    const row = await this.query.selectFrom('node').selectAll().where('name', '=', name).executeTakeFirst();
    return row && nodeOf(row);
  }

  async nodes(): Promise<readonly Node[]> {
    return (await this.query.selectFrom('node').selectAll().orderBy('id').execute()).map(nodeOf);
  }

  /** Newest first. */
  async credentials(id: NodeId): Promise<readonly CredentialRecord[]> {
    const rows = this.query.selectFrom('credential').selectAll().where('node_id', '=', id);
    return (await rows.orderBy('renewal_counter', 'desc').execute()).map(credentialOf);
  }

  async liveCredentials(): Promise<readonly CredentialRecord[]> {
    const rows = await this.query
      .selectFrom('credential')
      .innerJoin('node', 'node.id', 'credential.node_id')
      .selectAll('credential')
      .where('node.lifecycle', '!=', 'revoked')
      .orderBy('credential.node_id')
      .orderBy('credential.renewal_counter', 'desc')
      .execute();
    return rows.map(credentialOf);
  }

  async nodeConfigs(id: NodeId, page: Page): Promise<readonly NodeConfigRecord[]> {
    const rows = this.query.selectFrom('node_config').selectAll().where('node_id', '=', id);
    return (await rows.orderBy('revision', 'desc').limit(limitOf(page)).execute()).map(nodeConfigOf);
  }

  async nodeConfig(id: NodeId, revision: number): Promise<NodeConfigRecord | undefined> {
    const rows = this.query.selectFrom('node_config').selectAll().where('node_id', '=', id);
    const row = await rows.where('revision', '=', revision).executeTakeFirst();
    return row && nodeConfigOf(row);
  }

  async command(id: CommandId): Promise<CommandRecord | undefined> {
    const row = await this.query.selectFrom('command').selectAll().where('id', '=', id).executeTakeFirst();
    return row && commandOf(row);
  }

  async signedCommand(id: CommandId): Promise<SignedCommand | undefined> {
    const rows = this.query.selectFrom('signed_command').selectAll().where('command_id', '=', id);
    const row = await rows.executeTakeFirst();
    return row && signedOf(row);
  }

  async commands(id: NodeId, states: readonly CommandState[], page: Page): Promise<readonly CommandRecord[]> {
    if (states.length === 0) return [];
    const rows = this.query.selectFrom('command').selectAll().where('node_id', '=', id).where('state', 'in', states);
    return (await rows.orderBy('issued_at_ms').orderBy('id').limit(limitOf(page)).execute()).map(commandOf);
  }

  async commandsInState(states: readonly CommandState[], page: Page): Promise<readonly CommandRecord[]> {
    if (states.length === 0) return [];
    const rows = this.query.selectFrom('command').selectAll().where('state', 'in', states);
    return (await rows.orderBy('issued_at_ms').orderBy('id').limit(limitOf(page)).execute()).map(commandOf);
  }

  async commandsNewest(nodeId: NodeId | undefined, page: KeyedPage<CommandId>): Promise<readonly CommandRecord[]> {
    const { after } = page;
    let rows = this.query.selectFrom('command').selectAll();
    if (nodeId !== undefined) rows = rows.where('node_id', '=', nodeId);
    if (after !== undefined) rows = rows.where('id', '<', after);
    return (await rows.orderBy('id', 'desc').limit(limitOf(page)).execute()).map(commandOf);
  }

  async unknownCommands(ids: readonly CommandId[]): Promise<readonly CommandId[]> {
    if (ids.length === 0) return [];
    assert(ids.length <= IDS_MAX, `more than ${IDS_MAX} ids in one question`);
    const here = this.query.selectFrom('command').select('id').where('id', 'in', ids);
    const pruned = this.query.selectFrom('pruned_command').select('id').where('id', 'in', ids);
    const known = new Set((await here.unionAll(pruned).execute()).map(({ id }) => id));
    return ids.filter((id) => !known.has(id));
  }

  async conditions(): Promise<readonly Condition[]> {
    const rows = this.query.selectFrom('condition').selectAll();
    return (await rows.orderBy('node_id').orderBy('type').orderBy('instance').execute()).map(conditionOf);
  }

  async eventsAfter(afterId: number, page: Page, of?: EventsOf): Promise<readonly FleetEvent[]> {
    const rest = (events: EventRows) => events.where('id', '>', afterId);
    return (await findEvents(this.query, { of, rest, order: 'asc', limit: limitOf(page) })).map(fleetEventOf);
  }

  async eventsNewest(of: EventsOf | undefined, page: KeyedPage<number>): Promise<readonly FleetEvent[]> {
    const { after } = page;
    const rest = (events: EventRows) => (after === undefined ? events : events.where('id', '<', after));
    return (await findEvents(this.query, { of, rest, order: 'desc', limit: limitOf(page) })).map(fleetEventOf);
  }

  async eventsPrunedThrough(): Promise<number> {
    return Number((await this.setting(EVENTS_PRUNED_SETTING)) ?? 0);
  }

  async site(id: SiteId): Promise<Site | undefined> {
    const row = await this.query.selectFrom('site').selectAll().where('id', '=', id).executeTakeFirst();
    return row && siteOf(row);
  }

  async hadNodes(id: SiteId): Promise<boolean> {
    const rows = this.query
      .selectFrom('node')
      .select('id')
      .where('site', '=', id)
      .where('lifecycle', '=', 'revoked')
      .limit(1);
    return (await rows.executeTakeFirst()) !== undefined;
  }

  async sites(): Promise<readonly Site[]> {
    return (await this.query.selectFrom('site').selectAll().orderBy('id').execute()).map(siteOf);
  }

  async siteContents(id: SiteId, nowMs: number): Promise<SiteContents> {
    const { fn } = this.query;
    const count = fn.countAll<number>().as('count');
    const nodes = this.query
      .selectFrom('node')
      .select(count)
      .where('site', '=', id)
      .where('lifecycle', '!=', 'revoked');
    const asking = this.query.selectFrom('enrollment').select(count).where('site', '=', id);
    // How often a token was used is in a list of its keys; there are few tokens of one site.
    const tokens = this.query.selectFrom('join_token').selectAll().where('site', '=', id).where('revoked', '=', 0);
    const [nodesRow, askingRow, tokenRows] = await Promise.all([
      nodes.executeTakeFirst(),
      asking.where('state', '=', 'pending').executeTakeFirst(),
      tokens.where('expires_at_ms', '>', nowMs).execute(),
    ]);
    return {
      nodesCount: nodesRow?.count ?? 0,
      enrollmentsPendingCount: askingRow?.count ?? 0,
      tokensUsableCount: tokenRows.map(tokenOf).filter(({ uses, boundTo }) => boundTo.length < uses).length,
    };
  }

  async nodeSettings(id: NodeId): Promise<NodeSettings | undefined> {
    const row = await this.query.selectFrom('node_setting').selectAll().where('node_id', '=', id).executeTakeFirst();
    return row && nodeSettingsOf(row);
  }

  async allNodeSettings(): Promise<readonly NodeSettings[]> {
    return (await this.query.selectFrom('node_setting').selectAll().orderBy('node_id').execute()).map(nodeSettingsOf);
  }

  async maintenances(): Promise<readonly Maintenance[]> {
    const rows = this.query.selectFrom('maintenance').selectAll();
    return (await rows.orderBy('scope').orderBy('scope_id').execute()).map(maintenanceOf);
  }

  async idempotent(keySha256: string): Promise<IdempotencyRecord | undefined> {
    const rows = this.query.selectFrom('idempotency').selectAll().where('key_sha256', '=', keySha256);
    const row = await rows.executeTakeFirst();
    return row && idempotencyOf(row);
  }

  async history(id: NodeId, fromMs: number, toMs: number): Promise<readonly HistorySegment[]> {
    const rows = this.query.selectFrom('history').select(['node_id', 'from_ms', 'to_ms', 'packed']);
    const overlapping = rows.where('node_id', '=', id).where('from_ms', '<', toMs).where('to_ms', '>', fromMs);
    return (await overlapping.orderBy('from_ms').execute()).map(segmentOf);
  }
}

function limitOf({ limit }: Page): number {
  assert(Number.isInteger(limit) && limit >= 1 && limit <= PAGE_LIMIT_MAX, `a page has 1 to ${PAGE_LIMIT_MAX} rows`);
  return limit;
}
