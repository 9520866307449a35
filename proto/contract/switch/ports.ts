import { comparePortNames } from './plan.js';

/** Ports of a switch as people see them, from its facts. */

export interface PortView {
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

/** One reported value. */
export interface PortFact {
  readonly fact: string;
  readonly instance: string;
  readonly value: number | string;
}

/** Whose address is whose. */
export interface KnownBoard {
  readonly mac: string;
  /** Absent: of no node of the fleet. */
  readonly nodeName?: string | undefined;
}

/** Ports in their order, each with who is on it: the map from port to board, by the addresses that the switch has learned. */
export function switchPorts(facts: readonly PortFact[], boards: readonly KnownBoard[]): readonly PortView[] {
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
