import type { Clock } from '../../proto/contract/clock.js';
import type { FactName } from '../../proto/contract/facts.js';
import type { CommandId, NodeId, NodeKind, SiteId } from '../../proto/contract/ids.js';
import type { Random } from '../../proto/contract/random.js';
import type { CommandRecord, CommandState, SignedCommand } from '../domain/command.js';
import type { Condition } from '../domain/condition.js';
import type { EnrollmentRecord, EnrollmentState } from '../domain/enrollment.js';
import type { AgentEvent, FleetEvent } from '../domain/event.js';
import type { Maintenance, MaintenanceScope } from '../domain/maintenance.js';
import type { CredentialRecord, Node } from '../domain/node.js';
import type { NodeConfigRecord } from '../domain/node-config.js';
import type { NodeSettings } from '../domain/node-settings.js';
import type { Site, SiteContents } from '../domain/site.js';
import type { JoinToken } from '../domain/token.js';
import type { AccessReader, AccessWriter } from './access/ports.js';
import type { AuditReader, AuditWriter } from './audit/ports.js';
import type { HealingReader, HealingWriter } from './healing/ports.js';
import type { IncidentReader, IncidentWriter } from './incidents/ports.js';
import type { OverlayReader, OverlayWriter } from './overlay/ports.js';
import type { ProvisioningReader, ProvisioningWriter } from './provisioning/ports.js';
import type { SwitchReader, SwitchWriter } from './switches/ports.js';

/** What use cases need of the world. main.ts gives the real ones, the simulator its own. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly log: Log;
}

export interface Timers {
  /** Calls once after `ms`, unless the returned function was called before. */
  after(ms: number, call: () => void): () => void;
}

export interface Log {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/**
 * Where everything that must survive is kept. Two sides: anybody may read, only transact() hands out a writer. One
 * transaction at a time; transactions that wait together are committed together (group commit), each all-or-nothing.
 */
export interface Store {
  readonly reader: StoreReader;
  /** Resolves after the commit is durable. The work may be run again after a lost race, so it touches nothing else. */
  transact<T>(work: (writer: StoreWriter) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface Page {
  /** At most this many, 1 to 1000. */
  readonly limit: number;
}

/**
 * Whose events are wanted: of these nodes, or of all nodes of these sites; events of no node are of neither. Each is
 * looked up by itself, so there should not be thousands of them.
 */
export type EventsOf =
  | { readonly nodes: readonly NodeId[]; readonly sites?: never }
  | { readonly sites: readonly string[]; readonly nodes?: never };

/** A page that begins after the last row of the one before; lists that change meanwhile neither repeat nor skip. */
export interface KeyedPage<Key> extends Page {
  readonly after?: Key | undefined;
}

/** Places in lists, by what the list is ordered by. */
export interface TokenKey {
  readonly createdAtMs: number;
  readonly keyId: string;
}
export interface EnrollmentKey {
  readonly firstAskedAtMs: number;
  readonly spkiSha256: string;
}

/** What was answered to a change that carried a key of its client's choice, so that the same change is not done twice. */
export interface IdempotencyRecord {
  /** Lower-case hex SHA-256 of who asked and their key. */
  readonly keySha256: string;
  /** Lower-case hex SHA-256 of what was asked. */
  readonly requestSha256: string;
  readonly atMs: number;
  /** `undefined` while it is being done, and for ever when the controller ended meanwhile. */
  readonly answer: { readonly status: number; readonly text: string } | undefined;
}

export interface StoreReader {
  readonly access: AccessReader;
  readonly audit: AuditReader;
  readonly healing: HealingReader;
  readonly overlay: OverlayReader;
  readonly switches: SwitchReader;
  readonly incidents: IncidentReader;
  readonly provisioning: ProvisioningReader;
  /** Small values by name: the epoch, the hold after a restore. */
  setting(name: string): Promise<string | undefined>;
  token(keyId: string): Promise<JoinToken | undefined>;
  /** Newest first. */
  tokens(page: KeyedPage<TokenKey>): Promise<readonly JoinToken[]>;
  enrollment(spkiSha256: string): Promise<EnrollmentRecord | undefined>;
  /** Those who asked first last: an order that later questions do not change. */
  enrollments(state: EnrollmentState, page: KeyedPage<EnrollmentKey>): Promise<readonly EnrollmentRecord[]>;
  node(id: NodeId): Promise<Node | undefined>;
  nodeByName(name: string): Promise<Node | undefined>;
  /** All nodes, by id; the fleet fits in memory by design. */
  nodes(): Promise<readonly Node[]>;
  /** The credential that counts now, and the one before it (a renewal whose answer was lost is asked again with it). */
  credentials(id: NodeId): Promise<readonly CredentialRecord[]>;
  /** Every credential of nodes that are not revoked, current and previous. */
  liveCredentials(): Promise<readonly CredentialRecord[]>;
  /** Revisions of a node's config, newest first. */
  nodeConfigs(id: NodeId, page: Page): Promise<readonly NodeConfigRecord[]>;
  nodeConfig(id: NodeId, revision: number): Promise<NodeConfigRecord | undefined>;
  command(id: CommandId): Promise<CommandRecord | undefined>;
  /** The bytes that were signed; they are sent again unchanged. */
  signedCommand(id: CommandId): Promise<SignedCommand | undefined>;
  /** Commands of a node in any of the states, oldest first. */
  commands(id: NodeId, states: readonly CommandState[], page: Page): Promise<readonly CommandRecord[]>;
  /** Commands of the whole fleet in any of the states, oldest first. */
  commandsInState(states: readonly CommandState[], page: Page): Promise<readonly CommandRecord[]>;
  /** Newest first, by id; of one node when given. */
  commandsNewest(nodeId: NodeId | undefined, page: KeyedPage<CommandId>): Promise<readonly CommandRecord[]>;
  /** Ids out of `ids` that this controller has no record of. */
  unknownCommands(ids: readonly CommandId[]): Promise<readonly CommandId[]>;
  conditions(): Promise<readonly Condition[]>;
  /** Fleet events with id above `afterId`, ascending. */
  eventsAfter(afterId: number, page: Page, of?: EventsOf): Promise<readonly FleetEvent[]>;
  /** Newest first; after (older than) the event with this id. */
  eventsNewest(of: EventsOf | undefined, page: KeyedPage<number>): Promise<readonly FleetEvent[]>;
  /** The highest id of a fleet event that was removed for its age; 0 = none was. */
  eventsPrunedThrough(): Promise<number>;
  site(id: SiteId): Promise<Site | undefined>;
  /** Whether a node is on record there that was revoked. */
  hadNodes(id: SiteId): Promise<boolean>;
  /** All of them, by id. */
  sites(): Promise<readonly Site[]>;
  /** What is at a site now: tokens count while they could let somebody in. */
  siteContents(id: SiteId, nowMs: number): Promise<SiteContents>;
  nodeSettings(id: NodeId): Promise<NodeSettings | undefined>;
  /** Of every node that has any. */
  allNodeSettings(): Promise<readonly NodeSettings[]>;
  /** Those that are over too, until somebody removes them. */
  maintenances(): Promise<readonly Maintenance[]>;
  idempotent(keySha256: string): Promise<IdempotencyRecord | undefined>;
  /** Packed history of one node that overlaps [fromMs, toMs), oldest first. */
  history(id: NodeId, fromMs: number, toMs: number): Promise<readonly HistorySegment[]>;
}

export interface StoreWriter extends StoreReader {
  readonly access: AccessWriter;
  readonly audit: AuditWriter;
  readonly healing: HealingWriter;
  readonly overlay: OverlayWriter;
  readonly switches: SwitchWriter;
  readonly incidents: IncidentWriter;
  readonly provisioning: ProvisioningWriter;
  putSetting(name: string, value: string): Promise<void>;
  /** One that is not there is success. */
  removeSetting(name: string): Promise<void>;
  putToken(token: JoinToken): Promise<void>;
  putEnrollment(record: EnrollmentRecord): Promise<void>;
  /** @throws BrambleError `already-exists` when another node has the name. */
  putNode(node: Node): Promise<void>;
  putCredential(record: CredentialRecord): Promise<void>;
  /** Revisions never change; the oldest of many are removed. */
  addNodeConfig(record: NodeConfigRecord): Promise<void>;
  putCommand(record: CommandRecord, signed: SignedCommand | undefined): Promise<void>;
  /** Replaces the condition of (node, type, instance). */
  putCondition(condition: Condition): Promise<void>;
  removeCondition(condition: Pick<Condition, 'nodeId' | 'type' | 'instance'>): Promise<void>;
  /** Stores an agent's event once: `false` when (node, boot, sequence) was there already. */
  addAgentEvent(nodeId: NodeId, event: AgentEvent, atMs: number): Promise<boolean>;
  /** Appends to the fleet's timeline; returns it with its id. */
  addFleetEvent(event: Omit<FleetEvent, 'id'>): Promise<FleetEvent>;
  addHistory(segment: HistorySegment): Promise<void>;
  removeHistory(segment: Pick<HistorySegment, 'nodeId' | 'fromMs'>): Promise<void>;
  putSite(site: Site): Promise<void>;
  removeSite(id: SiteId): Promise<void>;
  putNodeSettings(settings: NodeSettings): Promise<void>;
  /** Replaces that of the same scope. */
  putMaintenance(maintenance: Maintenance): Promise<void>;
  removeMaintenance(scope: MaintenanceScope): Promise<void>;
  putIdempotent(record: IdempotencyRecord): Promise<void>;
  removeIdempotent(keySha256: string): Promise<void>;
  /** Removes those from before `beforeMs`, and the oldest beyond `keepCount`. */
  pruneIdempotent(beforeMs: number, keepCount: number): Promise<void>;
  /** Deletes at most `limit` of the oldest rows older than each age; returns how many. Called again until 0. */
  prune(before: PruneBefore, limit: number): Promise<number>;
}

export interface PruneBefore {
  readonly eventsBeforeMs: number;
  readonly agentEventsBeforeMs: number;
  readonly commandsBeforeMs: number;
  readonly historyBeforeMs: number;
}

/** Samples of one node over a stretch of time, packed by domain/history.ts. */
export interface HistorySegment {
  readonly nodeId: NodeId;
  readonly fromMs: number;
  readonly toMs: number;
  readonly packed: Uint8Array;
}

export interface CertificateRequest {
  readonly nodeId: NodeId;
  readonly site: SiteId;
  readonly kind: NodeKind;
  readonly spkiDer: Uint8Array;
}

export interface IssuedCertificate {
  /** The node's certificate, then the issuing authority's. */
  readonly chainPem: string;
  readonly certificateSerial: string;
  readonly expiresAtMs: number;
}

/** The certificate authority. Every field of a certificate is the server's choice except the key. */
export interface Authority {
  issueNodeCertificate(request: CertificateRequest): Promise<IssuedCertificate>;
  readonly trustRootsPem: string;
}

/** Signs commands; verifies what nodes sign; hashes. Synchronous: none of it takes a millisecond. */
export interface Trust {
  signCommand(payload: Uint8Array): SignedCommand;
  /** With the same key, over "bramble-freshness-v1\0" and the text. */
  signFreshness(text: string): { readonly text: string; readonly keyId: string; readonly signature: Uint8Array };
  /** Ed25519 or ECDSA P-256 by the kind of the key; false for anything else. */
  verify(spkiDer: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  sha256(bytes: Uint8Array): Uint8Array;
  /** HMAC-SHA-256 under the controller's token key. */
  tokenHmac(bytes: Uint8Array): Uint8Array;
  /** Compares in constant time. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
  readonly commandKeys: readonly { readonly keyId: string; readonly spkiDer: Uint8Array }[];
}

/** Encodes a command as the contract says; the adapter knows protobuf, use cases do not. */
export interface CommandCodec {
  encode(command: CommandRecord): Uint8Array;
}

/** One series of a node with its last value; undefined = no data. */
export interface FactValue {
  readonly fact: FactName;
  readonly instance: string;
  readonly value: number | string;
}
