import type { Severity } from '../../domain/event.js';
import { type ExplainRecord, renderExplain } from '../../domain/healing/explain.js';
import { plugName } from '../../domain/topology/check.js';
import type { MappedNode } from '../../domain/topology/fleet-map.js';

interface Words {
  readonly severity: Severity;
  readonly reason: string;
  readonly message: string;
}

/** What the timeline tells of a decision; `undefined` for what only `bramble why` has to say. */
export function wordsOf(record: ExplainRecord, node: MappedNode): Words | undefined {
  switch (record.decision) {
    case 'act':
      return { severity: 'info', reason: 'HealingActs', message: renderExplain(record) };
    case 'would-act':
      return { severity: 'info', reason: 'HealingWouldAct', message: renderExplain(record) };
    case 'hands':
      return { severity: 'error', reason: 'HandsNeeded', message: `${record.verdict}. ${whereIs(node)}` };
    case 'hold':
    case 'watch':
    case 'well':
      return undefined;
  }
}

/** "Go to site cam, shelf s3, port sw-1/12: board 3b 00000000aa123456." */
function whereIs({ record }: MappedNode): string {
  const { site, shelf, plug, board } = record;
  const place = [
    `site ${site}`,
    ...(shelf === '' ? [] : [`shelf ${shelf}`]),
    ...(plug === undefined ? [] : [`port ${plugName(plug)}`]),
  ];
  const done = 'Say `bramble node repaired` when it is done.';
  return `Go to ${place.join(', ')}: board ${board.model} ${board.serial}. ${done}`;
}
