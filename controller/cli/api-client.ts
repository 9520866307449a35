import type { z } from 'zod';
import {
  type ApiTokenCreate,
  ApiTokenCreated,
  ApiTokenList,
  ApiTokenView,
  type GrantView,
  LoginLinkCreated,
  PasswordChanged,
  SessionView,
  UserList,
  UserView,
} from '../../proto/contract/api/access.js';
import { AuditList, AuditVerdict } from '../../proto/contract/api/audit.js';
import { BackupView, PromotionView } from '../../proto/contract/api/backup.js';
import { BatchAnswer, type BatchOperation } from '../../proto/contract/api/batch.js';
import { BoardList, type BoardView, NodeBootView } from '../../proto/contract/api/boot.js';
import { ControllerFacts } from '../../proto/contract/api/doctor.js';
import {
  CommandView,
  EnrollmentView,
  NodeDetail,
  NodeView,
  SiteView,
  TokenView,
} from '../../proto/contract/api/fleet.js';
import {
  CommandList,
  EnrollmentList,
  EventList,
  LoadList,
  NodeList,
  SiteList,
  TokenList,
} from '../../proto/contract/api/lists.js';
import {
  NodeConfigHistory,
  type NodeConfigPut,
  type NodeConfigRollback,
  NodeConfigView,
} from '../../proto/contract/api/node-config.js';
import {
  type CommandCreate,
  type MaintenanceStart,
  MaintenanceState,
  type NodeChange,
  type SiteChange,
  type SiteCreate,
  TokenCreated,
} from '../../proto/contract/api/requests.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { Secret } from '../../proto/contract/secret.js';
import { errorOfEnvelope } from './errors.js';
import { HealingApi } from './healing-api.js';
import { type Ask, ImageApi } from './image-api.js';
import { OverlayApi } from './overlay-api.js';
import { SwitchApi } from './switch-api.js';
import type { Transport } from './transport.js';

export type EnrollmentState = 'pending' | 'approved' | 'rejected';

/** What a token may be asked for; what is left out gets the controller's default. */
export interface TokenWish {
  readonly site: string;
  readonly kind: string;
  readonly ttlMs?: number;
  readonly uses?: number;
  readonly preApproved?: boolean;
  readonly expectSerial?: string;
}

/** What is absent stays as it is. */
export interface UserWish {
  readonly password?: Secret;
  readonly grants?: readonly GrantView[];
  readonly disabled?: boolean;
}

export type ApiTokenWish = Omit<ApiTokenCreate, 'ttlMs' | 'grants'> &
  Required<Pick<UserWish, 'grants'>> &
  Pick<TokenWish, 'ttlMs'>;

/** Which nodes are wanted; what is left out does not matter. */
export interface NodeWish {
  readonly site?: string | undefined;
  readonly kind?: string | undefined;
  /** As Kubernetes has them. */
  readonly selector?: string | undefined;
  /** Beginning of the name. */
  readonly name?: string | undefined;
}

/** Which events are wanted; what is left out does not matter. */
export interface EventWish {
  /** Its id. */
  readonly node?: string | undefined;
  readonly site?: string | undefined;
  /** Any of these. */
  readonly reasons?: readonly string[] | undefined;
}

export type SiteWish = Partial<SiteCreate> & Pick<SiteCreate, 'name'>;

/** A node by its id, or a site by its name. */
export interface ScopeName {
  readonly kind: 'node' | 'site';
  readonly name: string;
}

/** The controller's HTTP API in types. Every refusal is the BrambleError that the controller meant. */
export class ApiClient {
  readonly #transport: Transport;
  readonly #signal: AbortSignal;

  constructor(transport: Transport, signal: AbortSignal) {
    this.#transport = transport;
    this.#signal = signal;
  }

  /** The same, for whoever cannot wait longer than this. */
  within(limitMs: number): ApiClient {
    return new ApiClient(this.#transport, AbortSignal.any([this.#signal, AbortSignal.timeout(limitMs)]));
  }

  nodes(filter: NodeWish = {}): Promise<readonly NodeView[]> {
    return this.#all('/api/v1/nodes', { ...filter, limit: 1_000 }, NodeList, ({ nodes }) => nodes);
  }

  /** Who is nearest to a limit first. */
  async loads(wish: NodeWish & { readonly limit: number }): Promise<LoadList['loads']> {
    return (await this.#ask('GET', withQuery('/api/v1/loads', { ...wish }), LoadList)).loads;
  }

  node(id: string): Promise<NodeDetail> {
    return this.#ask('GET', `/api/v1/nodes/${encodeURIComponent(id)}`, NodeDetail);
  }

  /** Newest first. */
  async events({ node, site, reasons }: EventWish, limit: number): Promise<EventList['events']> {
    const wish = { node, site, reason: reasons?.join(','), limit };
    return (await this.#all('/api/v1/events', wish, EventList, ({ events }) => events, limit)).slice(0, limit);
  }

  /** Server-sent events as text; see sse.ts. */
  eventStream(afterId: number): AsyncIterable<string> {
    return this.#transport.stream(`/api/v1/events/stream?only=events&afterId=${afterId}`, this.#signal);
  }

  tokens(): Promise<readonly TokenView[]> {
    return this.#all('/api/v1/tokens', { limit: 1_000 }, TokenList, ({ tokens }) => tokens);
  }

  createToken(wish: TokenWish): Promise<TokenCreated> {
    return this.#ask('POST', '/api/v1/tokens', TokenCreated, wish);
  }

  revokeToken(keyId: string): Promise<TokenView> {
    return this.#ask('DELETE', `/api/v1/tokens/${encodeURIComponent(keyId)}`, TokenView);
  }

  enrollments(state: EnrollmentState): Promise<readonly EnrollmentView[]> {
    const wish = { state, limit: 1_000 };
    return this.#all('/api/v1/enrollments', wish, EnrollmentList, ({ enrollments }) => enrollments);
  }

  nodeBoot(id: string): Promise<NodeBootView> {
    return this.#ask('GET', `/api/v1/nodes/${encodeURIComponent(id)}/boot`, NodeBootView);
  }

  async boards(of: 'all' | 'unknown'): Promise<readonly BoardView[]> {
    return (await this.#ask('GET', `/api/v1/boards?of=${of}`, BoardList)).boards;
  }

  async sites(): Promise<readonly SiteView[]> {
    return (await this.#ask('GET', '/api/v1/sites', SiteList)).sites;
  }

  site(name: string): Promise<SiteView> {
    return this.#ask('GET', `/api/v1/sites/${encodeURIComponent(name)}`, SiteView);
  }

  createSite(create: SiteWish): Promise<SiteView> {
    return this.#ask('POST', '/api/v1/sites', SiteView, create);
  }

  changeSite(name: string, change: SiteChange): Promise<SiteView> {
    return this.#ask('PATCH', `/api/v1/sites/${encodeURIComponent(name)}`, SiteView, change);
  }

  deleteSite(name: string): Promise<SiteView> {
    return this.#ask('DELETE', `/api/v1/sites/${encodeURIComponent(name)}`, SiteView);
  }

  changeNode(id: string, change: NodeChange): Promise<NodeView> {
    return this.#ask('PATCH', `/api/v1/nodes/${encodeURIComponent(id)}`, NodeView, change);
  }

  startMaintenance(scope: ScopeName, start: MaintenanceStart): Promise<MaintenanceState> {
    return this.#ask('PUT', `${pathOf(scope)}/maintenance`, MaintenanceState, start);
  }

  endMaintenance(scope: ScopeName): Promise<MaintenanceState> {
    return this.#ask('DELETE', `${pathOf(scope)}/maintenance`, MaintenanceState);
  }

  approve(fingerprint: string, reason: string, name: string | undefined): Promise<EnrollmentView> {
    const body = name === undefined ? { reason } : { reason, name };
    return this.#ask('POST', `/api/v1/enrollments/${fingerprint}/approve`, EnrollmentView, body);
  }

  reject(fingerprint: string, reason: string): Promise<EnrollmentView> {
    return this.#ask('POST', `/api/v1/enrollments/${fingerprint}/reject`, EnrollmentView, { reason });
  }

  issueCommand(id: string, create: CommandCreate): Promise<CommandView> {
    return this.#ask('POST', `/api/v1/nodes/${encodeURIComponent(id)}/commands`, CommandView, create);
  }

  async commands(id: string): Promise<readonly CommandView[]> {
    const { commands } = await this.#ask('GET', `/api/v1/nodes/${encodeURIComponent(id)}/commands`, CommandList);
    return commands;
  }

  command(id: string): Promise<CommandView> {
    return this.#ask('GET', `/api/v1/commands/${encodeURIComponent(id)}`, CommandView);
  }

  /** What a node has uploaded for a command. */
  async upload(commandId: string): Promise<Uint8Array> {
    const path = `/api/v1/uploads/${encodeURIComponent(commandId)}`;
    const { status, content } = await this.#transport.download(path, this.#signal);
    if (status === 200) return content;
    throw errorOfEnvelope(status, new TextDecoder().decode(content));
  }

  revoke(id: string, reason: string): Promise<NodeView> {
    return this.#ask('POST', `/api/v1/nodes/${encodeURIComponent(id)}/revoke`, NodeView, { reason });
  }

  thaw(id: string, reason: string): Promise<NodeView> {
    return this.#ask('POST', `/api/v1/nodes/${encodeURIComponent(id)}/thaw`, NodeView, { reason });
  }

  nodeConfig(id: string): Promise<NodeConfigView> {
    return this.#ask('GET', configPath(id), NodeConfigView);
  }

  async nodeConfigHistory(id: string): Promise<readonly NodeConfigView[]> {
    return (await this.#ask('GET', `${configPath(id)}/history?limit=200`, NodeConfigHistory)).revisions;
  }

  setNodeConfig(id: string, put: NodeConfigPut): Promise<NodeConfigView> {
    return this.#ask('PUT', configPath(id), NodeConfigView, put);
  }

  rollbackNodeConfig(id: string, rollback: NodeConfigRollback): Promise<NodeConfigView> {
    return this.#ask('POST', `${configPath(id)}/rollback`, NodeConfigView, rollback);
  }

  /** Who asks, and what they may do. */
  session(): Promise<SessionView> {
    return this.#ask('GET', '/api/v1/session', SessionView);
  }

  createLoginLink(wish: { readonly ttlMs?: number }): Promise<LoginLinkCreated> {
    return this.#ask('POST', '/api/v1/login-links', LoginLinkCreated, wish);
  }

  /** Does nothing but find out whether it could be done. */
  tryOut(operations: readonly BatchOperation[]): Promise<BatchAnswer> {
    return this.#ask('POST', '/api/v1/batch', BatchAnswer, { dryRun: true, operations });
  }

  async users(): Promise<readonly UserView[]> {
    return (await this.#ask('GET', '/api/v1/users', UserList)).users;
  }

  createUser(name: string, password: Secret, grants: readonly GrantView[]): Promise<UserView> {
    return this.#ask('POST', '/api/v1/users', UserView, { name, password: password.reveal(), grants });
  }

  changeUser(name: string, { password, ...change }: UserWish): Promise<UserView> {
    const body = password === undefined ? change : { ...change, password: password.reveal() };
    return this.#ask('PATCH', `/api/v1/users/${encodeURIComponent(name)}`, UserView, body);
  }

  /** No other right is needed than to know the present one. */
  changeOwnPassword(user: string, password: Secret, newPassword: Secret): Promise<PasswordChanged> {
    const body = { user, password: password.reveal(), newPassword: newPassword.reveal() };
    return this.#ask('POST', '/api/v1/session/password', PasswordChanged, body);
  }

  async apiTokens(): Promise<readonly ApiTokenView[]> {
    return (await this.#ask('GET', '/api/v1/api-tokens', ApiTokenList)).apiTokens;
  }

  createApiToken(wish: ApiTokenWish): Promise<ApiTokenCreated> {
    return this.#ask('POST', '/api/v1/api-tokens', ApiTokenCreated, wish);
  }

  revokeApiToken(id: string): Promise<ApiTokenView> {
    return this.#ask('DELETE', `/api/v1/api-tokens/${encodeURIComponent(id)}`, ApiTokenView);
  }

  audit(query: Readonly<Record<string, string | number>>): Promise<AuditList> {
    const words = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    return this.#ask('GET', `/api/v1/audit?${words.join('&')}`, AuditList);
  }

  /** Facts of the controller itself. */
  controllerFacts(): Promise<ControllerFacts> {
    return this.#ask('GET', '/api/v1/doctor', ControllerFacts);
  }

  /** Whether anything answers; the controller's clock, when it tells. */
  async ping(): Promise<number | undefined> {
    return (await this.#transport.request('GET', '/healthz', undefined, this.#signal)).dateMs;
  }

  verifyAudit(): Promise<AuditVerdict> {
    return this.#ask('GET', '/api/v1/audit/verify', AuditVerdict);
  }

  makeBackup(wish: { readonly withKeys: boolean; readonly reason: string }): Promise<BackupView> {
    return this.#ask('POST', '/api/v1/backups', BackupView, wish);
  }

  promote(wish: { readonly reason: string; readonly confirm: string }): Promise<PromotionView> {
    return this.#ask('POST', '/api/v1/promotions', PromotionView, wish);
  }

  get healing(): HealingApi {
    return new HealingApi(this.#ask);
  }

  get images(): ImageApi {
    return new ImageApi(this.#ask);
  }

  get overlay(): OverlayApi {
    return new OverlayApi(this.#ask);
  }

  get switches(): SwitchApi {
    return new SwitchApi(this.#ask);
  }

  /** Every page of a list, or as many as hold `enough`. */
  async #all<Schema extends z.ZodType<{ readonly nextCursor?: string | undefined }>, Item>(
    path: string,
    wish: Readonly<Record<string, string | number | undefined>>,
    schema: Schema,
    itemsOf: (page: z.output<Schema>) => readonly Item[],
    enough = Infinity,
  ): Promise<readonly Item[]> {
    const items: Item[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#ask('GET', withQuery(path, { ...wish, cursor }), schema);
      items.push(...itemsOf(page));
      cursor = page.nextCursor;
    } while (cursor !== undefined && items.length < enough);
    return items;
  }

  readonly #ask: Ask = async (method, path, schema, body) => {
    const { status, text } = await this.#transport.request(method, path, body, this.#signal);
    if (status >= 400 || status < 200) throw errorOfEnvelope(status, text);
    const parsed = schema.safeParse(jsonOf(text));
    if (parsed.success) return parsed.data;
    throw new BrambleError('unsupported', `the controller's answer to ${method} ${path} is not understood`, {
      hint: 'use the bramble command of the same version as the controller',
      cause: parsed.error,
    });
  };
}

function configPath(id: string): string {
  return `/api/v1/nodes/${encodeURIComponent(id)}/config`;
}

function withQuery(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const parts = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`;
}

function pathOf({ kind, name }: ScopeName): string {
  return `/api/v1/${kind}s/${encodeURIComponent(name)}`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no schema accepts it, and the caller says so
  }
}
