import type { Severity } from '../../domain/event.js';
import { type ExplainRecord, renderExplain } from '../../domain/healing/explain.js';
import type { MappedNode } from '../../domain/topology/fleet-map.js';
import { placeWords } from '../../domain/topology/place.js';

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
      return { severity: 'error', reason: 'HandsNeeded', message: `${record.verdict}. ${errandTo(node)}` };
    case 'hold':
    case 'watch':
    case 'well':
      return undefined;
  }
}

/** "Go to site cam, shelf s3, port sw-1/12 (board 3b 00000000aa123456)." and what to say afterwards. */
function errandTo({ record }: MappedNode): string {
  return `Go to ${placeWords(record)}. Say \`bramble node repaired\` when it is done.`;
}
