import type { NodeConfigRollback, NodeConfigView } from '../../proto/contract/api/node-config.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId } from '../../proto/contract/ids.js';
import type { NodeConfig } from '../../proto/contract/node-config/config.js';
import { diffNodeConfigs } from '../../proto/contract/node-config/diff.js';
import { visible } from '../../proto/contract/visible.js';
import type { Actor } from '../domain/access/actor.js';
import { type ConfigWish, type NodeConfigRecord, nextConfig } from '../domain/node-config.js';
import type { ToAgent } from './agent-messages.js';
import { carryOut, type Prepared } from './mutation.js';
import type { NodeEntry } from './node-table.js';
import type { Store, StoreWriter, World } from './ports.js';

export interface NodeConfigDeps {
  readonly store: Store;
  readonly world: Pick<World, 'clock'>;
  /** Reads the node as it is stored now. */
  readonly refreshNode: (id: NodeId) => Promise<NodeEntry | undefined>;
  readonly send: (id: NodeId, message: ToAgent) => boolean;
  /** There are new fleet events. */
  readonly onCommitted: () => void;
}

const CHANGES_TOLD_MAX = 10;

/** What nodes should be of their own configuration: every change is a new revision, with who, why and what was before. */
export class NodeConfigs {
  readonly #deps: NodeConfigDeps;

  constructor(deps: NodeConfigDeps) {
    this.#deps = deps;
  }

  /** Revision 0 with an empty config when there is none. @throws BrambleError `not-found` */
  async current(id: NodeId): Promise<NodeConfigView> {
    const [newest] = await this.history(id, 1);
    return newest ?? { ...NOTHING, nodeId: id };
  }

  /** Newest first. @throws BrambleError `not-found` */
  async history(id: NodeId, limit: number): Promise<readonly NodeConfigView[]> {
    if ((await this.#deps.store.reader.node(id)) === undefined) throw unknownNode(id);
    return await this.#deps.store.reader.nodeConfigs(id, { limit });
  }

  /** @throws BrambleError `not-found`, `failed-precondition` (revoked, or changed by somebody else meanwhile) */
  set(id: NodeId, wish: ConfigWish, actor: Actor): Promise<NodeConfigView> {
    return this.#write(id, actor, async () => wish);
  }

  /** Makes a former revision count again, as a new one. @throws as set(), and `not-found` for the revision */
  rollback(id: NodeId, { toRevision, expectedRevision, reason }: NodeConfigRollback, actor: Actor) {
    return this.#write(id, actor, async (writer) => {
      const former = await writer.nodeConfig(id, toRevision);
      if (former === undefined) {
        throw new BrambleError('not-found', `node ${id} has no config revision ${toRevision}`, {
          hint: 'bramble node config history lists those that are kept',
        });
      }
      const { config } = former;
      return { config, expectedRevision, reason: `back to revision ${toRevision}: ${reason}` };
    });
  }

  async #write(
    id: NodeId,
    actor: Actor,
    wishOf: (writer: StoreWriter) => Promise<ConfigWish>,
  ): Promise<NodeConfigView> {
    const entry = await this.#deps.refreshNode(id);
    if (entry === undefined) throw unknownNode(id);
    return await carryOut(this.#deps.store, async (writer) =>
      this.setIn(writer, entry, { wish: await wishOf(writer), actor }),
    );
  }

  /** As a part of a larger change. @throws as set() */
  async setIn(
    writer: StoreWriter,
    { node: { id }, desiredRevisionReached: revisionReached }: Pick<NodeEntry, 'node' | 'desiredRevisionReached'>,
    { wish, actor }: { readonly wish: ConfigWish; readonly actor: Actor },
  ): Promise<Prepared<NodeConfigRecord> & { readonly record: NodeConfigRecord }> {
    const { world, refreshNode, send, onCommitted } = this.#deps;
    const node = await writer.node(id);
    if (node === undefined) throw unknownNode(id);
    const [newest] = await writer.nodeConfigs(id, { limit: 1 });
    const change = { ...wish, actor: actor.name };
    const next = nextConfig(change, { node, newest, revisionReached, nowMs: world.clock.nowMs() });
    const record = { ...next, reason: visible(next.reason, 600), actor: visible(next.actor, 100) };
    await writer.addNodeConfig(record);
    await writer.putNode({ ...node, desiredRevision: record.revision });
    await writer.addFleetEvent(eventOf(record, newest?.config ?? {}));
    const details = { revision: record.revision, before: record.previousRevision, reason: record.reason };
    const done = { atMs: record.atMs, actor, target: id, site: node.site, outcome: 'done', details } as const;
    await writer.audit.add({ ...done, action: 'node.configure' });
    return {
      record,
      committed: async () => {
        onCommitted();
        await refreshNode(id);
        send(id, { kind: 'desired-state-changed', revision: record.revision });
        return record;
      },
    };
  }
}

const NOTHING = { revision: 0, previousRevision: 0, config: {}, atMs: 0, actor: '', reason: '' } as const;

function eventOf({ nodeId, atMs, revision, actor, reason, config }: NodeConfigRecord, before: NodeConfig) {
  const changes = diffNodeConfigs(before, config);
  const more = changes.length > CHANGES_TOLD_MAX ? `; and ${changes.length - CHANGES_TOLD_MAX} more` : '';
  const list = changes.length === 0 ? 'the same again' : changes.slice(0, CHANGES_TOLD_MAX).join('; ') + more;
  const message = `${actor} wants config ${revision}: ${list}. Reason: ${reason}`;
  return { atMs, nodeId, severity: 'info', reason: 'ConfigWanted', message } as const;
}

function unknownNode(id: NodeId): BrambleError {
  return new BrambleError('not-found', `node ${id} is not known`);
}
