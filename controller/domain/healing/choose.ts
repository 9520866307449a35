/** Which rung comes next for a node: never backwards within an incident, never one whose needs are not there. */

import type { MappedNode } from '../topology/fleet-map.js';
import { canStandIn } from '../topology/stand-in.js';
import type { Means } from './desired.js';
import type { NodeRow, NodeSigns } from './evidence-table.js';
import { LADDER, type Need, type Rung, rungNumber } from './ladder.js';
import { type NodeHeal, scoreAt } from './memory.js';
import type { Pass } from './pass.js';

/** R9 is what is left when nothing else is. */
export function chooseRung(pass: Pass, node: MappedNode, heal: NodeHeal, row: NodeRow, signs: NodeSigns): Rung {
  const { policy, draft, nowMs } = pass;
  const floor = Math.max(-1, ...heal.tried.map(rungNumber));
  const score = scoreAt(draft.histories.get(node.index), nowMs, policy.historyHalfLifeMs);
  if (score >= policy.flapScore) return 'R9';
  // Who was helped again and again needs a stronger medicine; hands are only called when there is none.
  const isRepeater = score >= policy.repeatScore && heal.tried.length === 0 && row.rungs.length > 2;
  const rungs = isRepeater ? row.rungs.slice(1) : row.rungs;
  const open = rungs.filter((rung) => rungNumber(rung) > floor);
  return open.find((rung) => isPossible(pass, node, heal, row, signs, rung)) ?? 'R9';
}

function isPossible(pass: Pass, node: MappedNode, heal: NodeHeal, row: NodeRow, signs: NodeSigns, rung: Rung): boolean {
  if (!hasMeans(pass, rung)) return false;
  if (rung === 'R4' && signs.nfs === 'active') return false; // it serves: never cut its power
  if (rung === 'R4' && row.coldAfterRepairOnly === true && !heal.pathRepaired) return false;
  if (rung === 'R7' && !pass.policy.reimageSites.includes(node.record.site)) return false;
  return LADDER[rung].needs.every((need) => hasNeed(pass, node, signs, need));
}

function hasNeed(pass: Pass, node: MappedNode, signs: NodeSigns, need: Need): boolean {
  const server = pass.observed.fileservers.get(node.record.fileserver);
  const roots = pass.observed.nodes[node.index]?.roots;
  switch (need) {
    case 'agent':
      return signs.agent === 'fresh';
    case 'root':
      return (
        signs.agent === 'fresh' || (node.fileserver >= 0 && (roots?.hasMailbox ?? true) && hasMeans(pass, 'mailbox'))
      );
    case 'fileserver':
      return node.fileserver >= 0 && (roots?.hasBootPath ?? true);
    case 'power':
      return node.switch >= 0;
    case 'snapshot':
      return roots?.hasPrevious ?? server?.hasSnapshots ?? false;
    case 'image':
      return roots?.hasImage ?? server?.hasImage ?? false;
    case 'spare':
      return (roots?.canMove ?? true) && spareFor(pass, node) !== undefined;
    case 'rescue':
      return roots?.canRescue ?? false;
  }
}

/** In words, what earlier rungs of the row were wanting; `undefined` when none was passed over for that. */
export function passedOver(
  pass: Pass,
  node: MappedNode,
  row: NodeRow,
  signs: NodeSigns,
  chosen: Rung,
): string | undefined {
  const words = row.rungs.flatMap((rung) => {
    if (rungNumber(rung) >= rungNumber(chosen)) return [];
    const missing = LADDER[rung].needs.find((need) => !hasNeed(pass, node, signs, need));
    return missing === undefined ? [] : [`no ${rung}: ${MISSING[missing]}`];
  });
  return words.length === 0 ? undefined : words.join('; ');
}

const MISSING: Readonly<Record<Need, string>> = {
  agent: 'its agent is silent',
  root: 'its agent is silent, and no root of ours takes a request for it',
  fileserver: 'no fileserver serves it boot files of ours',
  power: 'no switch gives it power',
  snapshot: 'there is no root before this one',
  image: 'its image is not there',
  spare: 'there is no spare board of its model at its switch and fileserver',
  rescue: 'there is no rescue image',
};

function hasMeans({ desired }: Pass, means: Means): boolean {
  return desired.means?.has(means) ?? true;
}

/** Serial of a board that it can live on, and that nobody else has been promised. */
export function spareFor({ desired, traffic }: Pass, { fileserver, record }: MappedNode): string | undefined {
  if (fileserver < 0) return undefined;
  return desired.map.topology.spares.find(
    (spare) => canStandIn(spare, record) && !traffic.spares.has(spare.board.serial),
  )?.board.serial;
}
