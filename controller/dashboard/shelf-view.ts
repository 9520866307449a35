import type { NodeDetail, NodeView } from '../../proto/contract/api/fleet.js';
import { type PortView, switchPorts } from '../../proto/contract/switch/ports.js';

/** One port of a switch in its place, as final text. */
export interface ShelfPort {
  /** Its number, or its name where it has none. */
  readonly label: string;
  /** `wrong`: another board than planned. `dark`: without power. `idle`: unused, or nobody answers. */
  readonly look: 'up' | 'idle' | 'dark' | 'wrong';
  /** Everything about it, for who points at it or cannot see it. */
  readonly words: string;
}

/** The ports of a switch as its front shows them; empty for anything else. */
export function shelfView({ kind, facts }: NodeDetail, fleet: readonly NodeView[]): readonly ShelfPort[] {
  if (kind !== 'switch') return [];
  const boards = fleet
    .filter((node) => node.kind !== 'switch')
    .flatMap(({ name, macAddresses }) => macAddresses.map((mac) => ({ mac, nodeName: name })));
  return switchPorts(facts, boards).map((port) => ({
    label: /\d+$/.exec(port.port)?.[0] ?? port.port,
    look: lookOf(port),
    words: wordsOf(port),
  }));
}

function lookOf({ link, power, mismatch }: PortView): ShelfPort['look'] {
  if (mismatch !== '') return 'wrong';
  if (power === 'off') return 'dark';
  return link === 'up' ? 'up' : 'idle';
}

function wordsOf({ port, link, role, board, power, vlans, mismatch, speedMbps }: PortView): string {
  const parts = [
    `${port}: link ${link}`,
    role,
    board === '' || role.endsWith(`: ${board}`) ? '' : `on it ${board}`,
    power === '' ? '' : `power ${power}`,
    speedMbps === undefined ? '' : `${speedMbps} Mbit/s`,
    vlans === '' ? '' : `VLANs ${vlans}`,
    mismatch,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
