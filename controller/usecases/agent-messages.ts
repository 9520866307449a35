import type { FactName } from '../../proto/contract/facts.js';
import type { CommandId, NodeId, NodeKind, SiteId } from '../../proto/contract/ids.js';
import type { NodeConfig } from '../../proto/contract/node-config/config.js';
import type { TunnelProfile } from '../../proto/contract/overlay/profile.js';
import type { AuditHead } from '../domain/audit/record.js';
import type { SignedCommand } from '../domain/command.js';
import type { AgentEvent } from '../domain/event.js';
import type { Board } from '../domain/node.js';
import type { TunnelWish } from './overlay/tunnels.js';

/** Who is on the other end, as its certificate says. Nothing a node sends can change it. */
export interface AgentPeer {
  readonly nodeId: NodeId;
  readonly site: SiteId;
  readonly kind: NodeKind;
  /** Lower-case hex SHA-256 of the certified SubjectPublicKeyInfo. */
  readonly spkiSha256: string;
}

export interface AgentHello {
  readonly kind: NodeKind | 'unknown';
  readonly board: Board;
  readonly bootId: string;
  readonly processNonce: string;
  readonly agentVersion: string;
  readonly ledgerHead: {
    readonly newestCommandIds: readonly CommandId[];
    readonly entriesCount: number;
    readonly epochHighest: number;
  };
  readonly outboxHead: {
    readonly oldestSequence: number;
    readonly nextSequence: number;
    readonly droppedCount: number;
  };
  readonly desiredRevisionReached: number;
  readonly supportedActions: readonly string[];
  readonly wallClockMs: number;
  readonly clockUntrusted: boolean;
  readonly uptimeMs: number;
  /** What it remembers of this controller's audit log, newest first. */
  readonly auditHeads: readonly AuditHead[];
}

/** A change of one series; `undefined` = withdrawn, no data from now on. */
export interface FactChange {
  readonly fact: FactName;
  readonly instance: string;
  readonly value: number | string | undefined;
}

/** A report with the wire's series already resolved. */
export interface AgentReport {
  readonly sequence: number;
  /** True: what is not in `changes` has no data. */
  readonly full: boolean;
  /** Milliseconds since the node's boot. */
  readonly takenAtMs: number;
  readonly changes: readonly FactChange[];
}

export type GoodbyeReason = 'shutdown' | 'reboot' | 'superseded' | 'revoked' | 'frozen' | 'over-limit' | 'unknown';

export type FromAgent =
  | { readonly kind: 'report'; readonly report: AgentReport }
  | { readonly kind: 'events'; readonly events: readonly AgentEvent[] }
  | { readonly kind: 'desired-state-pull'; readonly haveRevision: number }
  | ({ readonly kind: 'desired-state-reached'; readonly revision: number } & DesiredStateTry)
  | { readonly kind: 'probe-reply'; readonly nonce: string; readonly bootId: string; readonly processNonce: string }
  | { readonly kind: 'goodbye'; readonly reason: GoodbyeReason; readonly expectedBackMs: number }
  | { readonly kind: 'tunnel-request'; readonly wish: TunnelWish };

/** How the newest revision that a node tried went. */
export interface DesiredStateTry {
  readonly triedRevision: number;
  readonly outcome: 'reached' | 'on-trial' | 'refused' | 'undone' | 'unknown';
  /** Why it was refused or undone. */
  readonly detail: string;
}

export interface Cadence {
  readonly reportIntervalMs: number;
  readonly probeAfterMs: number;
  readonly reconnectSpreadMs: number;
}

export type ToAgent =
  | {
      readonly kind: 'welcome';
      readonly sessionId: string;
      readonly controllerMs: number;
      readonly epoch: number;
      readonly cadence: Cadence;
      readonly desiredRevision: number;
      readonly commandsHeld: boolean;
    }
  | { readonly kind: 'report-ack'; readonly throughSequence: number }
  | { readonly kind: 'event-ack'; readonly throughSequence: number }
  | { readonly kind: 'desired-state-changed'; readonly revision: number }
  | {
      readonly kind: 'desired-state';
      readonly revision: number;
      readonly cadence: Cadence;
      /** `undefined` = nothing of the node's own configuration is managed. */
      readonly config: NodeConfig | undefined;
    }
  | { readonly kind: 'command'; readonly command: SignedCommand }
  | { readonly kind: 'probe'; readonly nonce: string }
  | {
      readonly kind: 'goodbye';
      readonly reason: GoodbyeReason;
      readonly expectedBackMs: number;
      readonly detail: string;
    }
  | { readonly kind: 'resync' }
  | { readonly kind: 'audit-head'; readonly head: AuditHead }
  | { readonly kind: 'tunnel-profile'; readonly answer: TunnelAnswer };

/** What a node that wants a tunnel is told. */
export type TunnelAnswer =
  | { readonly kind: 'granted'; readonly profile: TunnelProfile; readonly digest: string }
  | { readonly kind: 'refused'; readonly why: string };

/** One open stream, as an adapter presents it. */
export interface AgentConnection {
  readonly peer: AgentPeer;
  /** For logs: the remote address. */
  readonly from: string;
  /** Never throws; what cannot be sent is the adapter's to count. */
  send(message: ToAgent): void;
  /** Sends goodbye where possible, then ends the stream; destroys it when it does not end within 500 ms. */
  close(reason: GoodbyeReason, detail: string): void;
}

/** What an adapter gets for a connection that was let in. Calls come in the order of the stream. */
export interface AgentSession {
  receive(message: FromAgent): void;
  /** The stream is over, by whoever's doing. Called exactly once. */
  closed(): void;
}

/** Where adapters bring the streams of agents. */
export interface AgentGate {
  /**
   * @throws BrambleError `unauthenticated` (revoked, unknown node), `permission-denied` (kind does not match the
   * certificate), `already-exists` (another live stream serves this node), `resource-exhausted`
   */
  connect(connection: AgentConnection, hello: AgentHello): Promise<AgentSession>;
}
