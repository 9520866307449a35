import type { BoardView } from '../../proto/contract/api/boot.js';
import type { FactView, NodeView } from '../../proto/contract/api/fleet.js';
import { SWITCH_CHANGE_STATES } from '../../proto/contract/facts.js';
import { comparePortNames } from '../../proto/contract/switch/plan.js';
import type { ApiClient } from './api-client.js';
import type { Listing } from './output.js';

/** A node with its facts, as far as ports need them. */
export interface SwitchFacts {
  readonly name: string;
  readonly state: NodeView['state'];
  readonly facts: readonly FactView[];
}

export interface PortView {
  readonly node: string;
  readonly port: string;
  /** "up", "down" (nothing answers), "off" (administratively down). */
  readonly link: string;
  readonly speedMbps: number | undefined;
  /** What it is for, as its interface is called there. */
  readonly role: string;
  readonly vlans: string;
  readonly macs: string;
  readonly neighbor: string;
  /** Node of the fleet whose address was learned there; empty when none was. */
  readonly board: string;
  readonly power: string;
  readonly flaps: number | undefined;
  /** Why the board is not the one that the port is for; empty while it may be. */
  readonly mismatch: string;
}

/** All switches, with their facts. */
export async function switchesOf(api: ApiClient, nodes: readonly NodeView[]): Promise<readonly SwitchFacts[]> {
  const switches = nodes.filter(({ kind }) => kind === 'switch');
  return Promise.all(switches.map(({ id }) => api.node(id)));
}

type KnownBoard = Pick<BoardView, 'mac' | 'nodeName'>;

/** Whose address is whose: as nodes have enrolled, and as fileservers have seen boards boot. */
export async function knownBoards(api: ApiClient, nodes: readonly NodeView[]): Promise<readonly KnownBoard[]> {
  const enrolled = nodes
    .filter(({ kind, state }) => kind !== 'switch' && state !== 'revoked')
    .flatMap(({ name, macAddresses }) => macAddresses.map((mac) => ({ mac, nodeName: name })));
  return [...enrolled, ...(await api.boards('all'))];
}

/** Ports in their order, each with who is on it: the map from port to board, by the addresses that the switch has learned. */
export function switchPorts({ name: node, facts }: SwitchFacts, boards: readonly KnownBoard[]): readonly PortView[] {
  const value = (fact: string, port: string): number | string | undefined =>
    facts.find((each) => each.fact === fact && each.instance === port)?.value;
  const number = (fact: string, port: string): number | undefined => {
    const found = value(fact, port);
    return typeof found === 'number' ? found : undefined;
  };
  const text = (fact: string, port: string): string => String(value(fact, port) ?? '');
  const ports = facts.filter(({ fact }) => fact === 'port_admin_flag').map(({ instance }) => instance);
  return ports.toSorted(comparePortNames).map((port) => {
    const role = text('port_role_text', port);
    const macs = text('port_macs_text', port);
    const board = boards.find(({ mac }) => mac !== '' && macs.includes(mac))?.nodeName ?? '';
    return {
      node,
      port,
      link: linkWord(number('port_admin_flag', port), number('network_operational_state', port)),
      speedMbps: number('network_speed_mbps', port),
      role,
      vlans: text('port_vlans_text', port),
      macs,
      neighbor: text('port_neighbor_text', port),
      board,
      power: powerWord(number('poe_admin_state', port), text('poe_status_text', port)),
      flaps: number('network_carrier_changes_count', port),
      mismatch: whyMismatch(role, board, boards.length === 0 ? 0 : (number('port_macs_count', port) ?? 0)),
    };
  });
}

function linkWord(admin: number | undefined, operational: number | undefined): string {
  if (admin === 0) return 'off';
  if (operational === undefined) return 'unknown';
  return operational === 1 ? 'up' : 'down';
}

function powerWord(admin: number | undefined, status: string): string {
  if (admin === undefined) return '';
  return admin === 2 ? 'off' : status || 'on';
}

/** A Pi's port has one board, the one that the plan calls by its name. Anybody can pretend an address: it finds mistakes, not attackers. */
function whyMismatch(role: string, board: string, macsCount: number): string {
  const [word = '', note = ''] = role.split(': ');
  if (word !== 'pi' || macsCount === 0) return '';
  if (macsCount > 1) return `${macsCount} addresses on the port of one board`;
  if (board === '') return 'a board that no node of the fleet has';
  return note === '' || note === board ? '' : `planned for ${note}`;
}

export const PORT_LISTING: Listing<PortView> = {
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
  const ports = switchPorts({ name, state, facts }, []);
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
