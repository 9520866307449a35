import { BrambleError } from '../../proto/contract/errors.js';
import type { CommandId, NodeId } from '../../proto/contract/ids.js';
import type { CommandRecord } from '../domain/command.js';
import type { FleetEvent } from '../domain/event.js';
import type { CommandQuery, EventQuery, FleetApi } from './api.js';
import { runBatch } from './batch.js';
import { Changes, type FleetParts } from './changes.js';
import type { Core } from './core.js';
import { eventsOf } from './events-of.js';
import { commandView, eventView, maintenanceView, nodeDetail, nodeView } from './fleet-view.js';
import { carryOut, type Mutation } from './mutation.js';
import { nodeLoads } from './node-loads.js';
import { isAnyNode, matchesNode, type NodeFilter, nodePage } from './node-query.js';
import type { NodeEntry } from './node-table.js';
import { scanPage } from './paging.js';
import { Sites } from './sites.js';

/** Puts together what people and tools may ask. */
export function makeFleetApi(core: Core, parts: FleetParts): FleetApi {
  const { maintenances, store, nodeConfigs } = core;
  const { tokens, enrollments } = parts;
  const sites = new Sites(core);
  const changes = new Changes(core, parts);
  const change = async <Answer>(mutation: Mutation<Answer>): Promise<Answer> => {
    const answer = await carryOut(store, mutation);
    core.onCommitted();
    return answer;
  };
  return {
    ...makeReads(core),
    async batch(request, actor) {
      const answer = await runBatch({ store, sites, changes, maintenances, parts }, request, actor);
      core.onCommitted();
      return answer;
    },
    sites: () => sites.all(),
    site: (id) => sites.site(id),
    createSite: (create, actor) => change((writer) => sites.createIn(writer, create, actor)),
    changeSite: (id, siteChange, revision, actor) =>
      change((writer) => sites.changeIn(writer, { id, change: siteChange, revision }, actor)),
    removeSite: (id, revision, actor) => change((writer) => sites.removeIn(writer, { id, revision }, actor)),

    changeNode: (id, nodeChange, revision, actor) =>
      change((writer) => changes.changeNode(writer, { id, change: nodeChange, revision }, actor)),
    startMaintenance: async (scope, start, actor) =>
      maintenanceView(await change((writer) => maintenances.startIn(writer, scope, start, actor))),
    endMaintenance: (scope, actor) => change((writer) => maintenances.endIn(writer, scope, actor)),

    issueCommand: (id, create, actor) => change((writer) => changes.issueCommand(writer, { id, create }, actor)),
    revokeNode: (id, reason, actor) => change((writer) => changes.revokeNode(writer, { id, reason }, actor)),
    thawNode: (id, reason, actor) => change((writer) => changes.thawNode(writer, { id, reason }, actor)),

    nodeConfig: (id) => nodeConfigs.current(id),
    nodeConfigHistory: (id, limit) => nodeConfigs.history(id, limit),
    setNodeConfig: (id, wish, actor) => nodeConfigs.set(id, wish, actor),
    rollbackNodeConfig: (id, rollback, actor) => nodeConfigs.rollback(id, rollback, actor),

    createToken: (create, actor) => tokens.createToken(create, actor),
    tokens: (query) => tokens.tokens(query),
    revokeToken: (keyId, actor) => change((writer) => tokens.revokeTokenIn(writer, keyId, actor)),
    enrollments: (query) => enrollments.enrollments(query),
    approveEnrollment: (fingerprint, name, reason, actor) =>
      change((writer) => changes.approveEnrollment(writer, { fingerprint, name, reason }, actor)),
    rejectEnrollment: (fingerprint, reason, actor) =>
      change((writer) => enrollments.rejectIn(writer, { fingerprint, reason }, actor)),
  };
}

type Reads = Pick<
  FleetApi,
  | 'version'
  | 'nodes'
  | 'nodePage'
  | 'loads'
  | 'node'
  | 'nodeBoot'
  | 'boards'
  | 'events'
  | 'eventsAfter'
  | 'eventsPrunedThrough'
  | 'watch'
  | 'command'
  | 'commands'
>;

function makeReads({ nodes, watch, store, boards }: Core): Reads {
  const find = (id: NodeId): NodeEntry => {
    const entry = nodes.get(id);
    if (entry === undefined) throw new BrambleError('not-found', `node ${id} is not known`);
    return entry;
  };
  const nameOf = (id: NodeId): string | undefined => nodes.get(id)?.node.name;
  const isOfNode = (nodeId: NodeId | undefined, filter: NodeFilter | undefined): boolean => {
    if (filter === undefined || isAnyNode(filter)) return true;
    const entry = nodeId === undefined ? undefined : nodes.get(nodeId);
    return entry !== undefined && matchesNode(filter, entry);
  };
  return {
    version: () => String(watch.version),
    nodes: () => Array.from(nodes.all(), nodeView),
    nodePage: (query) => nodePage(nodes, query),
    loads: (query) => nodeLoads(nodes.all(), query),
    node: (id) => nodeDetail(find(id)),
    nodeBoot: (id) => boards.bootOf(find(id)),
    boards: ({ site, unknownOnly }) =>
      boards
        .all()
        .filter((board) => (site === undefined || board.site === site) && !(unknownOnly && board.nodeId !== undefined)),
    async events({ nodeId, severity, reasons, nodes: filter, ...page }: EventQuery) {
      const of = eventsOf(nodes, nodeId, filter);
      const { items, next } = await scanPage<FleetEvent, number>(page, {
        read: (limit, after) => store.reader.eventsNewest(of, { limit, after }),
        keyOf: (event) => event.id,
        keep: (event) =>
          (severity === undefined || event.severity === severity) &&
          (reasons === undefined || reasons.includes(event.reason)) &&
          isOfNode(event.nodeId, filter),
      });
      return { items: items.map((event) => eventView(event, nameOf)), next };
    },
    async eventsAfter(afterId, limit, within) {
      const of = within === undefined ? undefined : { sites: [...within] };
      const events = await store.reader.eventsAfter(afterId, { limit }, of);
      return events.map((event) => eventView(event, nameOf));
    },
    eventsPrunedThrough: () => store.reader.eventsPrunedThrough(),
    watch: (listener) => watch.watch(listener),
    async command(id) {
      const record = await store.reader.command(id);
      if (record === undefined) throw new BrambleError('not-found', `command ${id} is not known`);
      return commandView(record);
    },
    async commands({ nodeId, state, nodes: filter, ...page }: CommandQuery) {
      if (nodeId !== undefined) find(nodeId);
      const { items, next } = await scanPage<CommandRecord, CommandId>(page, {
        read: (limit, after) => store.reader.commandsNewest(nodeId, { limit, after }),
        keyOf: (record) => record.id,
        keep: (record) => (state === undefined || record.state === state) && isOfNode(record.nodeId, filter),
      });
      return { items: items.map(commandView), next };
    },
  };
}
