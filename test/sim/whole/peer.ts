/** One agent of a simulated fleet as its controller meets it: dials, reports, remembers what it was ordered, tells how it went. */

import type { CommandAction, CommandUpdate } from '../../../controller/domain/command.js';
import type {
  AgentConnection,
  AgentGate,
  AgentHello,
  AgentPeer,
  AgentSession,
  FactChange,
  ToAgent,
} from '../../../controller/usecases/agent-messages.js';
import type { CommandId, NodeId, NodeKind, SiteId } from '../../../proto/contract/ids.js';
import { REPORT_INTERVAL_MS } from '../fleet/channel.js';
import type { Timeline } from '../fleet/timeline.js';

/** As the run's codec writes it. */
export interface Order {
  readonly id: CommandId;
  readonly action: CommandAction;
  readonly issuedAtMs: number;
  readonly validForMs: number;
}

export interface PeerTerms {
  readonly id: NodeId;
  readonly site: SiteId;
  readonly kind: NodeKind;
  readonly name: string;
  readonly offsetMs: number;
  readonly supportedActions: readonly string[];
  readonly macAddresses: readonly string[];
  readonly serial: string;
  /** Whether what it sends arrives. */
  isHeard(): boolean;
  facts(): readonly FactChange[];
  uptimeMs(): number;
  bootId(): string;
  /** Does it, and calls back with what was found; never called twice for one order. */
  carryOut(order: Order, done: (detail: string) => void): void;
}

type Known = { readonly state: 'started' } | { readonly state: 'succeeded' | 'rejected'; readonly detail: string };

export class Peer implements AgentConnection {
  readonly peer: AgentPeer;
  readonly from = '192.0.2.1:1';
  readonly terms: PeerTerms;
  readonly #timeline: Timeline;
  readonly #gate: () => AgentGate | undefined;
  /** By command: it acts once, and remembers. */
  readonly #ledger = new Map<CommandId, Known>();
  readonly #outbox: { readonly sequence: number; readonly update: CommandUpdate }[] = [];
  #session: AgentSession | undefined;
  #isDialling = false;
  #sequence = 0;
  #reports = 0;

  constructor(terms: PeerTerms, timeline: Timeline, gate: () => AgentGate | undefined) {
    this.terms = terms;
    this.peer = { nodeId: terms.id, site: terms.site, kind: terms.kind, spkiSha256: '00' };
    this.#timeline = timeline;
    this.#gate = gate;
  }

  start(): void {
    this.#timeline.after(this.terms.offsetMs, () => this.#beat());
  }

  /** Its controller is gone: it finds out when it dials again. */
  lose(): void {
    this.#session = undefined;
  }

  send(message: ToAgent): void {
    if (!this.terms.isHeard()) return;
    if (message.kind === 'event-ack') {
      while ((this.#outbox[0]?.sequence ?? Infinity) <= message.throughSequence) this.#outbox.shift();
    } else if (message.kind === 'probe') {
      const { bootId, processNonce } = this.#hello();
      const nonce = message.nonce;
      this.#timeline.after(20, () => this.#session?.receive({ kind: 'probe-reply', nonce, bootId, processNonce }));
    } else if (message.kind === 'command') {
      const order = JSON.parse(new TextDecoder().decode(message.command.payload)) as Order; // as the run's codec wrote it
      this.#timeline.after(50, () => this.#ordered(order));
    }
  }

  close(): void {
    this.#session?.closed();
    this.#session = undefined;
  }

  #beat(): void {
    this.#timeline.after(REPORT_INTERVAL_MS, () => this.#beat());
    if (!this.terms.isHeard()) {
      // Half of the streams break with the line, the others stay open until somebody asks.
      if (this.terms.offsetMs % 2 === 0) this.close();
      else this.#session = undefined;
      return;
    }
    if (this.#session === undefined) void this.#dial();
    else this.#report();
  }

  async #dial(): Promise<void> {
    const gate = this.#gate();
    if (gate === undefined || this.#isDialling) return;
    this.#isDialling = true;
    try {
      this.#session = await gate.connect(this, this.#hello());
      this.#report();
    } catch {
      // Refused, or the controller died meanwhile: it dials again with the next beat.
    } finally {
      this.#isDialling = false;
    }
  }

  #report(): void {
    this.#reports++;
    const report = { sequence: this.#reports, full: true, takenAtMs: 0, changes: this.terms.facts() };
    this.#session?.receive({ kind: 'report', report });
    this.#tell();
  }

  #tell(): void {
    if (this.#outbox.length === 0) return;
    const base = { bootId: this.terms.bootId(), uptimeMs: this.terms.uptimeMs(), wallClockMs: 0 };
    const events = this.#outbox.map(({ sequence, update }) => ({
      ...base,
      sequence,
      what: { kind: 'command-update', update } as const,
    }));
    this.#session?.receive({ kind: 'events', events });
  }

  #ordered(order: Order): void {
    const known = this.#ledger.get(order.id);
    if (known !== undefined) {
      if (known.state !== 'started') this.#settle(order.id, known.state, known.detail);
      return;
    }
    if (this.#timeline.nowMs > order.issuedAtMs + order.validForMs) {
      this.#settle(order.id, 'rejected', 'too late');
      return;
    }
    this.#ledger.set(order.id, { state: 'started' });
    this.terms.carryOut(order, (detail) => this.#settle(order.id, 'succeeded', detail));
  }

  #settle(id: CommandId, state: 'succeeded' | 'rejected', detail: string): void {
    this.#ledger.set(id, { state, detail });
    const rejection = state === 'rejected' ? ('expired' as const) : undefined;
    this.#outbox.push({ sequence: ++this.#sequence, update: { id, state, rejection, detail, tookMs: 1 } });
    if (this.terms.isHeard()) this.#tell();
  }

  #hello(): AgentHello {
    const { kind, serial, macAddresses, supportedActions } = this.terms;
    return {
      kind,
      board: { model: 'Raspberry Pi 3 Model B Rev 1.2', serial, macAddresses },
      bootId: this.terms.bootId(),
      processNonce: `${this.terms.name}-1`,
      agentVersion: '0.1.0',
      ledgerHead: {
        newestCommandIds: [...this.#ledger.keys()].slice(-8),
        entriesCount: this.#ledger.size,
        epochHighest: 1,
      },
      outboxHead: { oldestSequence: this.#outbox[0]?.sequence ?? 0, nextSequence: this.#sequence + 1, droppedCount: 0 },
      desiredRevisionReached: 0,
      supportedActions,
      wallClockMs: 0,
      clockUntrusted: false,
      uptimeMs: this.terms.uptimeMs(),
      auditHeads: [],
    };
  }
}
