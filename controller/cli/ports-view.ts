import type { FactView, NodeView } from '../../proto/contract/api/fleet.js';
import type { PortChangeView } from '../../proto/contract/api/switch.js';
import { SWITCH_CHANGE_STATES } from '../../proto/contract/facts.js';
import { type KnownBoard, type PortView, switchPorts } from '../../proto/contract/switch/ports.js';
import type { ApiClient } from './api-client.js';
import { ago } from './listings.js';
import type { Listing, Tone } from './output.js';

/** A node with its facts, as far as ports need them. */
export interface SwitchFacts {
  readonly name: string;
  readonly state: NodeView['state'];
  readonly facts: readonly FactView[];
}

/** A port of one of many switches. */
export interface PortRow extends PortView {
  readonly node: string;
}

/** All switches, with their facts. */
export async function switchesOf(api: ApiClient, nodes: readonly NodeView[]): Promise<readonly SwitchFacts[]> {
  const switches = nodes.filter(({ kind }) => kind === 'switch');
  return Promise.all(switches.map(({ id }) => api.node(id)));
}

/** Whose address is whose: as nodes have enrolled, and as fileservers have seen boards boot. */
export async function knownBoards(api: ApiClient, nodes: readonly NodeView[]): Promise<readonly KnownBoard[]> {
  const enrolled = nodes
    .filter(({ kind, state }) => kind !== 'switch' && state !== 'revoked')
    .flatMap(({ name, macAddresses }) => macAddresses.map((mac) => ({ mac, nodeName: name })));
  return [...enrolled, ...(await api.boards('all'))];
}

/** Ports in their order, each with who is on it. */
export function portRows({ name, facts }: SwitchFacts, boards: readonly KnownBoard[]): readonly PortRow[] {
  return switchPorts(facts, boards).map((port) => ({ node: name, ...port }));
}

export const PORT_LISTING: Listing<PortRow> = {
  columns: [
    { title: 'SWITCH', text: ({ node }) => node },
    { title: 'PORT', text: ({ port }) => port },
    { title: 'LINK', text: ({ link }) => link, tone: ({ link }) => (link === 'up' ? 'good' : 'dim') },
    { title: 'ROLE', text: ({ role }) => role },
    { title: 'VLANS', text: ({ vlans }) => vlans },
    { title: 'BOARD', text: ({ board }) => board },
    { title: 'POWER', text: ({ power }) => power },
    { title: 'MBIT/S', text: ({ speedMbps }) => String(speedMbps ?? ''), wide: true },
    { title: 'FLAPS', text: ({ flaps }) => String(flaps ?? ''), wide: true },
    { title: 'NEIGHBOUR', text: ({ neighbor }) => neighbor, wide: true },
    { title: 'ADDRESSES', text: ({ macs }) => macs, wide: true },
    { title: 'MISMATCH', text: ({ mismatch }) => mismatch, tone: () => 'bad' },
  ],
  name: ({ node, port }) => `port/${node}/${port}`,
  empty: 'No ports. A switch shows them once its agent has reported.',
};

export interface SwitchView {
  readonly node: string;
  readonly state: NodeView['state'];
  readonly portsUp: number;
  readonly ports: number;
  /** Word of SWITCH_CHANGE_STATES. */
  readonly change: string;
  readonly changeText: string;
  readonly drift: string;
}

export function describeSwitch({ name, state, facts }: SwitchFacts): SwitchView {
  const find = (fact: string) => facts.find((each) => each.fact === fact)?.value;
  const ports = switchPorts(facts, []);
  const change = Object.entries(SWITCH_CHANGE_STATES).find(([, value]) => value === find('switch_change_state'));
  return {
    node: name,
    state,
    ports: ports.length,
    portsUp: ports.filter(({ link }) => link === 'up').length,
    change: change?.[0] ?? 'unknown',
    changeText: String(find('switch_change_text') ?? ''),
    drift: String(find('switch_drift_text') ?? ''),
  };
}

export const SWITCH_LISTING: Listing<SwitchView> = {
  columns: [
    { title: 'NAME', text: ({ node }) => node },
    { title: 'STATE', text: ({ state }) => state },
    { title: 'PORTS UP', text: ({ portsUp, ports }) => `${portsUp} of ${ports}` },
    { title: 'CHANGE', text: ({ change }) => change, tone: ({ change }) => (change === 'frozen' ? 'bad' : 'plain') },
    { title: 'DRIFT', text: ({ drift }) => drift, tone: () => 'bad' },
    { title: 'WHAT', text: ({ changeText }) => changeText, wide: true },
  ],
  name: ({ node }) => `switch/${node}`,
  empty: 'No switches. `bramble token create --site SITE --kind switch` lets the first one join.',
};

const CHANGE_TONES: Partial<Record<PortChangeView['state'], Tone>> = { kept: 'good', split: 'bad', stuck: 'bad' };

export function changeListing(nowMs: number): Listing<PortChangeView> {
  return {
    columns: [
      { title: 'ID', text: ({ id }) => id },
      { title: 'SWITCHES', text: ({ switches }) => switches.map(({ name }) => name).join(', ') },
      { title: 'STATE', text: ({ state }) => state, tone: ({ state }) => CHANGE_TONES[state] ?? 'plain' },
      { title: 'CHANGED', text: ({ stateAtMs }) => ago(stateAtMs, nowMs) },
      { title: 'BY', text: ({ actor }) => actor },
      { title: 'REASON', text: ({ reason }) => reason, wide: true },
      { title: 'DETAIL', text: ({ detail }) => detail },
    ],
    name: ({ id }) => `port-change/${id}`,
    empty: 'No change of ports yet. `bramble switch plan` shows what one would do.',
  };
}
