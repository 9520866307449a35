import type { Clock } from '../../proto/contract/clock.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId } from '../../proto/contract/ids.js';
import type { CredentialRecord, Node } from '../domain/node.js';
import type { AgentPeer } from './agent-messages.js';
import type { StoreReader } from './ports.js';

/** What happens to credentials in use, told to those who act on it. */
export interface IdentityWatcher {
  /** The newest credential of a node was used for the first time: the one before it has done its duty. */
  newestUsed(id: NodeId): void;
  /** Somebody came with a credential that its node has replaced and left behind: a copied card or a restored disk. */
  retiredUsed(id: NodeId): void;
}

interface Known {
  readonly peer: AgentPeer;
  readonly node: Node;
  readonly newest: CredentialRecord;
  /** The one before; `undefined` when there is none, or it may no longer be used. */
  readonly before: CredentialRecord | undefined;
  wasNewestUsed: boolean;
}

/**
 * Who may speak, in memory, because it is asked on every call. A key is all that counts: the names in a certificate were
 * true when it was signed, this is true now. Filled from the store, then told of every change after its commit.
 */
export class Identities {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Known>();
  readonly #byNode = new Map<NodeId, Known>();
  /** Nodes without a credential yet count too: their names are taken. */
  readonly #nodes = new Map<NodeId, Node>();
  #watcher: IdentityWatcher | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  static async load(reader: StoreReader, clock: Clock): Promise<Identities> {
    const identities = new Identities(clock);
    const credentials = new Map<NodeId, CredentialRecord[]>();
    for (const record of await reader.liveCredentials()) {
      const records = credentials.get(record.nodeId) ?? [];
      credentials.set(record.nodeId, records);
      records.push(record);
    }
    for (const node of await reader.nodes()) identities.put(node, credentials.get(node.id) ?? []);
    return identities;
  }

  watch(watcher: IdentityWatcher): void {
    this.#watcher = watcher;
  }

  get count(): number {
    return this.#byNode.size;
  }

  /**
   * The peer behind a key, now.
   * @throws BrambleError `unauthenticated` for a key that no node has, or no longer
   */
  check(spkiSha256: string): AgentPeer {
    const known = this.#byKey.get(spkiSha256);
    if (known === undefined) {
      throw new BrambleError('unauthenticated', 'this credential belongs to no node of this fleet', {
        hint: 'the node was revoked, or this is an old copy of its key; enrol it again',
      });
    }
    if (known.newest.spkiSha256 === spkiSha256) {
      if (!known.wasNewestUsed) this.#newestUsed(known);
      return known.peer;
    }
    if (known.before === undefined || known.wasNewestUsed || known.before.expiresAtMs <= this.#clock.nowMs()) {
      this.#watcher?.retiredUsed(known.node.id);
      throw new BrambleError('unauthenticated', 'this credential was replaced by a newer one', {
        hint: 'two boards hold a credential of this node, or its disk was restored from a copy; enrol it again',
      });
    }
    return { ...known.peer, spkiSha256 };
  }

  /** True for a key that is certified for somebody. */
  has(spkiSha256: string): boolean {
    return this.#byKey.has(spkiSha256);
  }

  /** Takes over what is stored: the node as it is, and its credentials (the current one and the one before). */
  put(node: Node, credentials: readonly CredentialRecord[]): void {
    const last = this.#forgetKeys(node.id);
    this.#nodes.set(node.id, node);
    const [newest, before] = credentials.toSorted((a, b) => b.renewalCounter - a.renewalCounter);
    if (newest === undefined || node.lifecycle === 'revoked') return;
    const { id, site, kind } = node;
    const peer = { nodeId: id, site, kind, spkiSha256: newest.spkiSha256 };
    const wasUsed = last?.wasNewestUsed === true && last.newest.spkiSha256 === newest.spkiSha256;
    const known: Known = { peer, node, newest, before, wasNewestUsed: before === undefined || wasUsed };
    this.#byNode.set(id, known);
    this.#byKey.set(newest.spkiSha256, known);
    if (before !== undefined) this.#byKey.set(before.spkiSha256, known);
  }

  /** Name of a node in service whose board says this serial; `undefined` for none or an empty serial. */
  nameByBoardSerial(serial: string, except: NodeId | undefined): string | undefined {
    if (serial === '') return undefined;
    for (const { id, lifecycle, board, name } of this.#nodes.values()) {
      if (id !== except && lifecycle !== 'revoked' && board.serial.toLowerCase() === serial.toLowerCase()) return name;
    }
    return undefined;
  }

  /** A node that is here has another name now. */
  renamed(id: NodeId, name: string): void {
    const node = this.#nodes.get(id);
    if (node !== undefined) this.#nodes.set(id, { ...node, name });
  }

  isNameTaken(name: string): boolean {
    for (const node of this.#nodes.values()) if (node.name === name) return true;
    return false;
  }

  #newestUsed(known: Known): void {
    known.wasNewestUsed = true;
    this.#watcher?.newestUsed(known.node.id);
  }

  #forgetKeys(id: NodeId): Known | undefined {
    const known = this.#byNode.get(id);
    if (known === undefined) return undefined;
    this.#byNode.delete(id);
    this.#byKey.delete(known.newest.spkiSha256);
    if (known.before !== undefined) this.#byKey.delete(known.before.spkiSha256);
    return known;
  }
}
