import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId } from '../../proto/contract/ids.js';
import { nodeId as parseNodeId } from '../../proto/contract/ids.js';
import type { Actor } from '../domain/access/actor.js';
import type { FleetApi } from './api.js';
import type { Core } from './core.js';
import { commandView, eventView, nodeDetail, nodeView } from './fleet-view.js';
import type { NodeEntry } from './node-table.js';

/** The parts of the API that other use cases answer. */
export interface FleetParts {
  readonly tokens: Pick<FleetApi, 'createToken' | 'tokens' | 'revokeToken'>;
  readonly enrollments: Pick<FleetApi, 'enrollments' | 'approveEnrollment' | 'rejectEnrollment'>;
  /** What they answer is not looked at: the node is read anew afterwards. */
  readonly revocations: {
    revokeNode(id: NodeId, reason: string, actor: Actor): Promise<unknown>;
    thawNode(id: NodeId, reason: string, actor: Actor): Promise<unknown>;
  };
}

/** Puts together what people and tools may ask. */
export function makeFleetApi(core: Core, parts: FleetParts): FleetApi {
  const { nodes, commands, watch, store, nodeConfigs } = core;
  const find = (id: NodeId): NodeEntry => {
    const entry = nodes.get(id);
    if (entry === undefined) throw new BrambleError('not-found', `node ${id} is not known`);
    return entry;
  };
  const nameOf = (id: NodeId): string | undefined => nodes.get(id)?.node.name;
  const { tokens, enrollments, revocations } = parts;
  return {
    nodes: () => Array.from(nodes.all(), nodeView),
    node: (id) => nodeDetail(find(id)),
    async events({ nodeId, limit }) {
      const events = await store.reader.eventsNewest(nodeId, { limit });
      return events.map((event) => eventView(event, nameOf));
    },
    async eventsAfter(afterId, limit) {
      const events = await store.reader.eventsAfter(afterId, { limit });
      return events.map((event) => eventView(event, nameOf));
    },
    watch: (listener) => watch.watch(listener),

    issueCommand: async (id, create, actor) => commandView(await commands.issue(id, create, actor)),
    async command(id) {
      const record = await store.reader.command(id);
      if (record === undefined) throw new BrambleError('not-found', `command ${id} is not known`);
      return commandView(record);
    },
    async commands(id, limit) {
      find(id);
      return (await core.commands.newest(id, limit)).map(commandView);
    },
    async revokeNode(id, reason, actor) {
      await revocations.revokeNode(id, reason, actor);
      await core.refreshNode(id);
      await commands.nodeRevoked(id);
      return nodeView(find(id));
    },
    async thawNode(id, reason, actor) {
      await revocations.thawNode(id, reason, actor);
      await core.refreshNode(id);
      return nodeView(find(id));
    },

    nodeConfig: (id) => nodeConfigs.current(id),
    nodeConfigHistory: (id, limit) => nodeConfigs.history(id, limit),
    setNodeConfig: (id, wish, actor) => nodeConfigs.set(id, wish, actor),
    rollbackNodeConfig: (id, rollback, actor) => nodeConfigs.rollback(id, rollback, actor),

    createToken: (create, actor) => tokens.createToken(create, actor),
    tokens: (limit) => tokens.tokens(limit),
    revokeToken: (keyId, actor) => tokens.revokeToken(keyId, actor),
    enrollments: (state, limit) => enrollments.enrollments(state, limit),
    async approveEnrollment(fingerprint, name, reason, actor) {
      const view = await enrollments.approveEnrollment(fingerprint, name, reason, actor);
      if (view.nodeId !== undefined) await core.refreshNode(parseNodeId(view.nodeId));
      return view;
    },
    rejectEnrollment: (fingerprint, reason, actor) => enrollments.rejectEnrollment(fingerprint, reason, actor),
  };
}
