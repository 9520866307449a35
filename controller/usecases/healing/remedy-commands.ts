/** Which order carries a rung out, and who gets it. */

import type { CommandAction } from '../../domain/command.js';
import type { Action } from '../../domain/healing/action.js';
import type { Means } from '../../domain/healing/desired.js';
import type { MappedNode } from '../../domain/topology/fleet-map.js';
import type { NodeEntry } from '../node-table.js';
import type { SagaAsk } from '../provisioning/start.js';

/** What is carried out: gentle rungs by one order, those that change what a board boots by provisioning. */
export const MEANS: ReadonlySet<Means> = new Set<Means>([
  'R0',
  'R1',
  'R2',
  'R3',
  'R4',
  'R5',
  'R6',
  'R7',
  'R8',
  'R9',
  'mailbox',
]);

/** At least 15 s without power, verified by the switch, and some to spare. */
const OFF_MS = 20_000;

export interface RemedyCommand {
  /** The agent that is to do it. */
  readonly entry: NodeEntry;
  readonly action: CommandAction;
  /** Later than this it would be a surprise. */
  readonly validForMs: number;
}

export interface Agents {
  readonly own: NodeEntry | undefined;
  readonly fileserver: NodeEntry | undefined;
  readonly switch: NodeEntry | undefined;
}

/** What provisioning is asked for; `undefined` = the rung is one order. */
export function sagaFor({
  id,
  name,
  rung,
  spare,
}: Pick<Action, 'id' | 'name' | 'rung' | 'spare'>): SagaAsk | undefined {
  const asked = { node: name, owner: `healing ${id}` };
  switch (rung) {
    case 'R5':
      return { ...asked, kind: 'rescue', rescue: 'both', reason: 'to see whether its board is well' };
    case 'R6':
      return { ...asked, kind: 'rollback', reason: 'its root does not come up' };
    case 'R7':
      return { ...asked, kind: 'reimage', reason: 'its root does not come up' };
    case 'R8':
      return { ...asked, kind: 'relocate', spare, reason: 'its board does not come up' };
    default:
      return undefined;
  }
}

/** `undefined`: nobody is there who could. */
export function commandFor(
  action: Pick<Action, 'id' | 'rung' | 'row' | 'isCycle'>,
  node: MappedNode,
  agents: Agents,
): RemedyCommand | undefined {
  switch (action.rung) {
    case 'R1':
      if (action.row === 'agent-dead') return mailbox(node, agents);
      if (agents.own === undefined || action.row !== 'clock-wrong') return undefined;
      return { entry: agents.own, action: { kind: 'step-clock' }, validForMs: 60_000 };
    case 'R2':
      if (agents.own === undefined) return undefined;
      return { entry: agents.own, action: { kind: 'reboot' }, validForMs: 60_000 };
    case 'R3': {
      const { fileserver } = agents;
      if (fileserver === undefined) return undefined;
      const serial = boardSerial(node.record.board.serial);
      return { entry: fileserver, action: { kind: 'boot-path-repair', serial }, validForMs: 60_000 };
    }
    case 'R4':
      return power(action.id, 'cycle', node, agents);
    case 'admit':
      return power(action.id, action.isCycle ? 'cycle' : 'on', node, agents);
    default:
      return undefined;
  }
}

/** Its own agent is dead: its fileserver leaves the request in its root. */
function mailbox(node: MappedNode, { fileserver }: Agents): RemedyCommand | undefined {
  if (fileserver === undefined) return undefined;
  const serial = boardSerial(node.record.board.serial);
  return { entry: fileserver, action: { kind: 'root-mailbox', serial, verb: 'restart-agent' }, validForMs: 60_000 };
}

function power(id: string, what: 'on' | 'cycle', { port }: MappedNode, agents: Agents): RemedyCommand | undefined {
  if (agents.switch === undefined || port === undefined) return undefined;
  return {
    entry: agents.switch,
    action: {
      kind: 'switch-power',
      port: port.interfaceName,
      action: what,
      offMs: what === 'cycle' ? OFF_MS : 0,
      bootLeaseId: `heal-${id}`,
    },
    validForMs: 60_000,
  };
}

/** Boot directories go by the last eight digits. */
function boardSerial(serial: string): string {
  return serial.toLowerCase().slice(-8);
}
