/** What a fileserver's boards boot from, as it is after a step. Pure: edits of the boot set, and the way back from them. */

import type { BoardClassName } from '../../../proto/contract/netboot/board-class.js';
import type { BootBoard, BootMode, BootPort, BootSet } from '../../../proto/contract/netboot/boot-set.js';
import type { PiModel } from '../topology/records.js';

/** Ports as they were before an edit, by VLAN; `null` = there was none. */
export type PortsBefore = readonly { readonly vlan: number; readonly port: BootPort | null }[];

/** The set with this port in it, in place of one of its VLAN. */
export function withPort(set: BootSet, port: BootPort): BootSet {
  const at = set.ports.findIndex(({ vlan }) => vlan === port.vlan);
  return { ...set, ports: at < 0 ? [...set.ports, port] : set.ports.with(at, port) };
}

export function portOf(set: BootSet, serial: string): BootPort | undefined {
  return set.ports.find(({ board }) => board?.serial === serial);
}

/** Whoever is plugged in where this board was is unknown again. */
export function withoutBoard(set: BootSet, serial: string): BootSet {
  const port = portOf(set, serial);
  return port === undefined ? set : withPort(set, { ...port, board: undefined });
}

/** The set with the board in another mode; the same when nobody knows the board. */
export function withMode(set: BootSet, serial: string, mode: BootMode): BootSet {
  const port = portOf(set, serial);
  if (port?.board === undefined || port.board.mode === mode) return set;
  return withPort(set, { ...port, board: { ...port.board, mode } });
}

/** Another board takes the place of the first, with its name, its addresses and its root. */
export function withBoardMoved(set: BootSet, from: string, to: string): BootSet {
  const port = portOf(set, from);
  if (port?.board === undefined) return set;
  const rootSerial = port.board.rootSerial ?? port.board.serial;
  const cleared = withoutBoard(set, to); // the spare was known on its own port
  return withPort(cleared, { ...port, board: { ...port.board, serial: to, mac: undefined, rootSerial } });
}

/** Of every port that two sets have otherwise, what it was in the first. */
export function portsBefore(before: BootSet, after: BootSet): PortsBefore {
  const vlans = new Set([...before.ports, ...after.ports].map(({ vlan }) => vlan));
  return [...vlans].flatMap((vlan) => {
    const [was, is] = [before, after].map(({ ports }) => ports.find((port) => port.vlan === vlan));
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ vlan, port: was ?? null }];
  });
}

/** Takes an edit back, whatever else has changed since. */
export function withPortsBack(set: BootSet, before: PortsBefore): BootSet {
  const vlans = new Set(before.map(({ vlan }) => vlan));
  const others = set.ports.filter(({ vlan }) => !vlans.has(vlan));
  return { ...set, ports: [...others, ...before.flatMap(({ port }) => (port === null ? [] : [port]))] };
}

const CLASSES: Readonly<Record<PiModel, { readonly boardClass: BoardClassName; readonly bits: 32 | 64 } | undefined>> =
  {
    b: { boardClass: 'pi1', bits: 32 },
    'b+': { boardClass: 'pi1', bits: 32 },
    '2b': { boardClass: 'pi2', bits: 32 },
    '3b': { boardClass: 'pi3', bits: 64 },
    '3b+': { boardClass: 'pi3', bits: 64 },
    '4b': { boardClass: 'pi4', bits: 64 },
    '5': { boardClass: 'pi5', bits: 64 },
    'zero-w': undefined,
    'zero-2w': undefined,
    other: undefined,
  };

/** @returns `undefined` for a board that does not boot over a cable */
export function newBoard(of: {
  readonly serial: string;
  readonly hostname: string;
  readonly model: PiModel;
  readonly authorizedKeys: readonly string[];
}): BootBoard | undefined {
  const found = CLASSES[of.model];
  if (found === undefined) return undefined;
  return {
    ...{ serial: of.serial, mac: undefined, hostname: of.hostname, ...found },
    hasBootCard: found.boardClass === 'pi1' || found.boardClass === 'pi2', // these have no other way
    mode: 'root',
    ipv6: undefined,
    authorizedKeys: of.authorizedKeys,
  };
}
