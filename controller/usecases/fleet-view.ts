import type {
  CommandView,
  ConditionView,
  EventView,
  MaintenanceView,
  NodeDetail,
  NodeView,
} from '../../proto/contract/api/fleet.js';
import type { NodeId } from '../../proto/contract/ids.js';
import { visible } from '../../proto/contract/visible.js';
import type { CommandRecord } from '../domain/command.js';
import type { JudgedCondition } from '../domain/conditions.js';
import { DISK_SIGHT_WORDS } from '../domain/disk-sight.js';
import type { FleetEvent } from '../domain/event.js';
import { silentAfterMs } from '../domain/liveness.js';
import { type Maintenance, renderMaintenance } from '../domain/maintenance.js';
import { capabilitiesOf } from '../domain/node-settings.js';
import { causeOf, conditionsAsKnown, judgeNodeState, troublesByWeight } from '../domain/node-state.js';
import type { NodeEntry } from './node-table.js';
import { NO_CONTACT_REMEDY, NO_CONTACT_TYPE } from './transitions.js';

/** State as people see it. Text that a node wrote is inert in every view. */

/**
 * Conditions that say something: trouble with its causes first, and trouble that was there when contact or data was lost.
 * Kept until something changes, because lists of ten thousand nodes are asked for again and again.
 */
export function nodeView(entry: NodeEntry): NodeView {
  entry.shown ??= newView(entry);
  return entry.shown;
}

function newView(entry: NodeEntry): NodeView {
  const conditions = conditionsAsKnown(entry.liveness, entry.conditions);
  const raised = conditions.filter((condition) => condition.raised);
  const lost = raised.filter((condition) => condition.status !== 'true');
  return viewOf(entry, [...troublesByWeight(raised), ...lost]);
}

/** With every condition that is looked at, and all facts. */
export function nodeDetail(entry: NodeEntry): NodeDetail {
  const facts = entry.facts.values().map(({ fact, instance, value }) => ({
    fact,
    instance: visible(instance),
    value: typeof value === 'string' ? visible(value, 1_024) : value,
  }));
  const view = viewOf(entry, conditionsAsKnown(entry.liveness, entry.conditions));
  return { ...view, capabilityOverrides: entry.settings.capabilities, facts };
}

function viewOf(entry: NodeEntry, conditions: readonly JudgedCondition[]): NodeView {
  const { node, session, lastSeenAtMs, bootedAtMs } = entry;
  const verdict = judgeNodeState({
    lifecycle: node.lifecycle,
    liveness: entry.liveness,
    silentAfterMs: silentAfterMs(entry.reportIntervalMs),
    connected: session !== undefined,
    goodbye: entry.goodbye,
    diskSight: entry.diskSight,
    conditions: entry.conditions,
    maintenance: entry.maintenance === undefined ? undefined : renderMaintenance(entry.maintenance),
  });
  const noContact = noContactView(entry, verdict.why);
  const diskSeen = diskSightView(entry);
  return {
    id: node.id,
    name: visible(node.name, 63),
    site: node.site,
    kind: node.kind,
    ...verdict,
    liveness: entry.liveness,
    ...(lastSeenAtMs === undefined ? {} : { lastSeenMs: lastSeenAtMs }),
    ...(session === undefined ? {} : { connectedSinceMs: session.connectedAtMs }),
    ...(bootedAtMs === undefined ? {} : { bootedAtMs }),
    model: visible(node.board.model),
    serial: visible(node.board.serial, 64),
    macAddresses: node.board.macAddresses.map((mac) => visible(mac, 17)),
    agentVersion: visible(entry.agentVersion, 40),
    desiredRevision: node.desiredRevision,
    desiredRevisionReached: entry.desiredRevisionReached,
    labels: entry.settings.labels,
    capabilities: capabilitiesOf(entry.facts, entry.settings.capabilities),
    ...(entry.maintenance === undefined ? {} : { maintenance: maintenanceView(entry.maintenance) }),
    revision: entry.settings.revision,
    ...(entry.healing === undefined ? {} : { healing: entry.healing }),
    ...desiredTryOf(entry),
    conditions: [
      ...(noContact === undefined ? [] : [noContact]),
      ...(diskSeen === undefined ? [] : [diskSeen]),
      ...conditions.map((condition) => conditionView(condition, causeOf(condition, conditions))),
    ],
  };
}

function desiredTryOf({ desiredTry }: NodeEntry): Pick<NodeView, 'desiredTry'> {
  if (desiredTry === undefined || desiredTry.outcome === 'reached') return {};
  const { triedRevision: revision, outcome, detail } = desiredTry;
  return { desiredTry: { revision, outcome, detail: visible(detail, 1_024) } };
}

export function maintenanceView({ scope, owner, reason, sinceMs, untilMs }: Maintenance): MaintenanceView {
  return { scope: scope.kind, owner: visible(owner, 80), reason: visible(reason, 500), sinceMs, untilMs };
}

function noContactView({ silentSinceMs, liveness }: NodeEntry, why: string): ConditionView | undefined {
  if (silentSinceMs === undefined) return undefined;
  return {
    type: NO_CONTACT_TYPE,
    instance: '',
    status: liveness === 'silent' ? 'true' : 'unknown', // right after a restart nobody knows
    severity: 'error',
    message: why,
    remedy: NO_CONTACT_REMEDY,
    sinceMs: silentSinceMs,
  };
}

function diskSightView({ diskSight, silentSinceMs, liveness }: NodeEntry): ConditionView | undefined {
  if (diskSight === undefined || silentSinceMs === undefined) return undefined;
  const { type, severity, what, remedy } = DISK_SIGHT_WORDS[diskSight.kind];
  return {
    type,
    instance: visible(diskSight.fileserver, 63),
    status: liveness === 'silent' ? 'true' : 'unknown',
    severity,
    message: visible(what(diskSight), 200),
    remedy,
    sinceMs: diskSight.askedAtMs,
  };
}

function conditionView(condition: JudgedCondition, cause: JudgedCondition | undefined): ConditionView {
  const { rule, instance, status, severity, message, sinceMs } = condition;
  const { type, title, remedy } = rule;
  const because = cause === undefined ? '' : `; likely because ${cause.message}`;
  return {
    type,
    instance: visible(instance),
    status,
    severity,
    message: message === '' ? title : `${message}${because}`,
    remedy,
    sinceMs,
  };
}

export function eventView(event: FleetEvent, nameOf: (id: NodeId) => string | undefined): EventView {
  const { id, atMs, nodeId, severity, reason, message } = event;
  const nodeName = nodeId === undefined ? undefined : nameOf(nodeId);
  return {
    id,
    atMs,
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(nodeName === undefined ? {} : { nodeName: visible(nodeName, 63) }),
    severity,
    reason,
    message,
  };
}

export function commandView(record: CommandRecord): CommandView {
  const { id, nodeId, action, state, rejection, detail, reason, actor, issuedAtMs, validForMs, updatedAtMs } = record;
  const { progress } = record;
  const base = { id, nodeId, action, state, detail, reason, actor, issuedAtMs, validForMs, updatedAtMs };
  return { ...base, ...(rejection !== undefined && { rejection }), ...(progress !== undefined && { progress }) };
}
