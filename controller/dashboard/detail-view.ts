import type { ConditionView, EventView, NodeDetail, NodeState, NodeView } from '../../proto/contract/api/fleet.js';
import type { ProvisioningView } from '../../proto/contract/api/provisioning.js';
import { fileserverGroups } from '../../proto/contract/fileserver/groups.js';
import { renderDuration } from '../../proto/contract/words.js';
import { type FactGroup, factGroups, rawFacts } from './facts-view.js';
import type { GraphView } from './graph-view.js';
import { type ShelfPort, shelfView } from './shelf-view.js';
import { stepGroups } from './steps-view.js';
import { ago, type EventRowView, eventRow, type TroubleView, troublesOf, whyBeside } from './view-model.js';

/** One node in full, as final text. */
export interface DetailView {
  readonly name: string;
  /** Shown instead of everything else while there is nothing to show. */
  readonly message: string | undefined;
  readonly state: NodeState;
  readonly why: string | undefined;
  readonly troubles: readonly TroubleView[];
  readonly identity: readonly (readonly [label: string, value: string])[];
  readonly groups: readonly FactGroup[];
  readonly raw: readonly (readonly [string, string])[];
  readonly events: readonly EventRowView[];
  /** Ports of a switch; empty for every other node. */
  readonly shelf: readonly ShelfPort[];
  /** Empty until the history has come. */
  readonly graphs: readonly GraphView[];
}

/** `listed`: the same node in the fleet's list, whose conditions are those that say something. */
export function detailView(
  node: NodeDetail,
  listed: NodeView,
  events: readonly EventView[],
  controllerMs: number,
  {
    graphs = [],
    fleet = [],
    changes = [],
  }: {
    readonly graphs?: readonly GraphView[];
    readonly fleet?: readonly NodeView[];
    /** Of what it boots, newest first. */
    readonly changes?: readonly ProvisioningView[];
  } = {},
): DetailView {
  const sinceBootMs = node.bootedAtMs === undefined ? undefined : Math.max(0, controllerMs - node.bootedAtMs);
  const troubles = troublesOf(listed, controllerMs);
  return {
    name: node.name,
    message: undefined,
    state: node.state,
    why: whyBeside(node, troubles),
    troubles,
    identity: [
      ...healingOf(listed, controllerMs),
      ['Site', node.site],
      ['Kind', node.kind],
      ['Last seen', ago(node.lastSeenMs, controllerMs)],
      [
        'Connected',
        node.connectedSinceMs === undefined
          ? 'no'
          : `for ${renderDuration(Math.max(0, controllerMs - node.connectedSinceMs))}`,
      ],
      ['Agent', node.agentVersion],
      ['Id', node.id],
      ...checksWithoutData(node, listed),
    ],
    groups: [
      ...stepGroups(changes, controllerMs),
      ...(node.kind === 'fileserver'
        ? fileserverGroups(node.facts, { nowMs: controllerMs, bootedAtMs: node.bootedAtMs })
        : []),
      ...factGroups(node.facts, sinceBootMs),
    ],
    raw: rawFacts(node.facts),
    events: events.map((event) => eventRow(event, controllerMs)),
    shelf: shelfView(node, fleet),
    graphs,
  };
}

/** What healing makes of it, and why it acts or does not; nothing for a node that is simply healthy. */
function healingOf({ healing }: NodeView, controllerMs: number): readonly (readonly [string, string])[] {
  if (healing === undefined) return [];
  const { state, words, sinceMs } = healing;
  return [['Healing', `${state} for ${renderDuration(Math.max(0, controllerMs - sinceMs))}: ${words}`]];
}

/** What nobody can judge: shown, because no data is not health. */
function checksWithoutData(node: NodeDetail, listed: NodeView): readonly (readonly [string, string])[] {
  const key = ({ type, instance }: ConditionView): string => (instance === '' ? type : `${type} (${instance})`);
  const told = new Set(listed.conditions.map(key));
  const blind = node.conditions.filter((condition) => condition.status === 'unknown').map(key);
  const untold = blind.filter((name) => !told.has(name));
  return untold.length === 0 ? [] : [['No data for', untold.join(', ')]];
}

/** While a node is fetched, and when it cannot be. */
export function detailMessage(name: string, message: string): DetailView {
  const nothing = { troubles: [], identity: [], groups: [], raw: [], events: [], shelf: [], graphs: [] };
  return { name, message, state: 'unknown', why: undefined, ...nothing };
}
