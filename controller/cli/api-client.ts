import type { z } from 'zod';
import {
  type ApiTokenCreate,
  ApiTokenCreated,
  ApiTokenList,
  ApiTokenView,
  type GrantView,
  LoginLinkCreated,
  UserList,
  UserView,
} from '../../proto/contract/api/access.js';
import { AuditList, AuditVerdict } from '../../proto/contract/api/audit.js';
import { CommandView, EnrollmentView, NodeDetail, NodeView, TokenView } from '../../proto/contract/api/fleet.js';
import { CommandList, EnrollmentList, EventList, NodeList, TokenList } from '../../proto/contract/api/lists.js';
import {
  NodeConfigHistory,
  type NodeConfigPut,
  type NodeConfigRollback,
  NodeConfigView,
} from '../../proto/contract/api/node-config.js';
import { type CommandCreate, TokenCreated } from '../../proto/contract/api/requests.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { Secret } from '../../proto/contract/secret.js';
import { errorOfEnvelope } from './errors.js';
import type { HttpMethod, Transport } from './transport.js';

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

export type ApiTokenWish = Omit<ApiTokenCreate, 'ttlMs' | 'grants'> & {
  readonly grants: readonly GrantView[];
  readonly ttlMs?: number;
};

/** The controller's HTTP API in types. Every refusal is the BrambleError that the controller meant. */
export class ApiClient {
  readonly #transport: Transport;
  readonly #signal: AbortSignal;

  constructor(transport: Transport, signal: AbortSignal) {
    this.#transport = transport;
    this.#signal = signal;
  }

  async nodes(): Promise<readonly NodeView[]> {
    return (await this.#ask('GET', '/api/v1/nodes', NodeList)).nodes;
  }

  node(id: string): Promise<NodeDetail> {
    return this.#ask('GET', `/api/v1/nodes/${encodeURIComponent(id)}`, NodeDetail);
  }

  async events(nodeId: string | undefined, limit: number): Promise<EventList['events']> {
    const node = nodeId === undefined ? '' : `&node=${encodeURIComponent(nodeId)}`;
    return (await this.#ask('GET', `/api/v1/events?limit=${limit}${node}`, EventList)).events;
  }

  /** Server-sent events as text; see sse.ts. */
  eventStream(afterId: number): AsyncIterable<string> {
    return this.#transport.stream(`/api/v1/events/stream?afterId=${afterId}`, this.#signal);
  }

  async tokens(): Promise<readonly TokenView[]> {
    return (await this.#ask('GET', '/api/v1/tokens', TokenList)).tokens;
  }

  createToken(wish: TokenWish): Promise<TokenCreated> {
    return this.#ask('POST', '/api/v1/tokens', TokenCreated, wish);
  }

  revokeToken(keyId: string): Promise<TokenView> {
    return this.#ask('DELETE', `/api/v1/tokens/${encodeURIComponent(keyId)}`, TokenView);
  }

  async enrollments(state: EnrollmentState): Promise<readonly EnrollmentView[]> {
    return (await this.#ask('GET', `/api/v1/enrollments?state=${state}`, EnrollmentList)).enrollments;
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
    return (await this.#ask('GET', `/api/v1/nodes/${encodeURIComponent(id)}/commands`, CommandList)).commands;
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

  createLoginLink(wish: { readonly ttlMs?: number }): Promise<LoginLinkCreated> {
    return this.#ask('POST', '/api/v1/login-links', LoginLinkCreated, wish);
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

  verifyAudit(): Promise<AuditVerdict> {
    return this.#ask('GET', '/api/v1/audit/verify', AuditVerdict);
  }

  async #ask<Schema extends z.ZodType>(
    method: HttpMethod,
    path: string,
    schema: Schema,
    body?: unknown,
  ): Promise<z.output<Schema>> {
    const { status, text } = await this.#transport.request(method, path, body, this.#signal);
    if (status >= 400 || status < 200) throw errorOfEnvelope(status, text);
    const parsed = schema.safeParse(jsonOf(text));
    if (parsed.success) return parsed.data;
    throw new BrambleError('unsupported', `the controller's answer to ${method} ${path} is not understood`, {
      hint: 'use the bramble command of the same version as the controller',
      cause: parsed.error,
    });
  }
}

function configPath(id: string): string {
  return `/api/v1/nodes/${encodeURIComponent(id)}/config`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no schema accepts it, and the caller says so
  }
}
