import type { AuditFaultView } from '../../../proto/contract/api/audit.js';
import { judgeRemembered } from '../../domain/audit/chain.js';
import { type AuditHead, EMPTY_HEAD } from '../../domain/audit/record.js';
import type { NodeEntry, NodeTable } from '../node-table.js';
import type { Store, World } from '../ports.js';
import { ThrottledEvents } from '../throttled-events.js';
import type { AuditReader } from './ports.js';

/** Agents write the newest head down at most once an hour, so it is told as often. */
const TELL_EVERY_MS = 3_600_000;
const MISMATCH_TOLD_EVERY_MS = 10 * 60_000;

/**
 * Anchors the audit log at the agents: each is told its head when it connects and once an hour, keeps a few of them, and
 * says with every hello what it remembers. Whoever rewrites the log cannot make them forget.
 */
export class AuditAnchors {
  readonly #store: Store;
  readonly #world: World;
  readonly #nodes: NodeTable;
  readonly #mismatches: ThrottledEvents;
  readonly #working = new Set<Promise<void>>();
  #told: AuditHead = EMPTY_HEAD;
  #tellAtMonotonicMs: number;

  constructor({ store, world, nodes }: { readonly store: Store; readonly world: World; readonly nodes: NodeTable }) {
    this.#store = store;
    this.#world = world;
    this.#nodes = nodes;
    this.#mismatches = new ThrottledEvents(store, world, MISMATCH_TOLD_EVERY_MS);
    this.#tellAtMonotonicMs = world.clock.monotonicMs() + TELL_EVERY_MS;
  }

  /** Compares what the agent remembers, then tells it what there is now. */
  connected(entry: NodeEntry): void {
    this.#work(async () => {
      const head = await this.#store.reader.audit.head();
      for (const remembered of entry.auditHeads) {
        const fault = await judgeHead(this.#store.reader.audit, remembered, head);
        if (fault !== undefined) this.#tellMismatch(entry, fault);
      }
      this.#tell(entry, head);
    });
  }

  /** Once a second: tells everybody when it is time and there is something new. */
  sweep(): void {
    if (this.#world.clock.monotonicMs() < this.#tellAtMonotonicMs) return;
    this.#tellAtMonotonicMs = this.#world.clock.monotonicMs() + TELL_EVERY_MS;
    this.#work(async () => {
      const head = await this.#store.reader.audit.head();
      if (head.hash === this.#told.hash) return;
      this.#told = head;
      for (const entry of this.#nodes.all()) this.#tell(entry, head);
    });
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#working);
  }

  #tell({ session }: NodeEntry, head: AuditHead): void {
    if (session === undefined || session.isOver || head.sequence === 0) return;
    session.connection.send({ kind: 'audit-head', head });
  }

  /** One key for all agents: after a restore each of them has the same to say. */
  #tellMismatch({ node }: NodeEntry, { sequence, message }: AuditFaultView): void {
    this.#mismatches.tell('mismatch', {
      ...{ nodeId: node.id, severity: 'error', reason: 'AuditLogMismatch' },
      message: `it remembers record ${sequence} of the audit log, but ${message}; bramble audit verify says more`,
    });
  }

  #work(work: () => Promise<void>): void {
    const working = work()
      .catch((thrown: unknown) => {
        this.#world.log.warn({ err: thrown }, 'the audit log could not be anchored; tried again later');
      })
      .finally(() => this.#working.delete(working));
    this.#working.add(working);
  }
}

/** A head that an agent remembers, against the log; `undefined` = they agree. */
export async function judgeHead(
  reader: AuditReader,
  remembered: AuditHead,
  head: AuditHead,
): Promise<AuditFaultView | undefined> {
  const hashAtSequence = (await reader.record(remembered.sequence))?.hash;
  const fault = judgeRemembered(remembered, { head, hashAtSequence });
  return fault === undefined ? undefined : { sequence: remembered.sequence, ...fault };
}
