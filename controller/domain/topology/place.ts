import { plugName } from './check.js';
import type { NodeRecord } from './records.js';

/** Where a node is found by whoever goes there: "site cam, shelf s3, port sw-1/12 (board 3b 00000000aa123456)". */
export function placeWords({ site, shelf, plug, board }: NodeRecord): string {
  const parts = [
    `site ${site}`,
    ...(shelf === '' ? [] : [`shelf ${shelf}`]),
    ...(plug === undefined ? [] : [`port ${plugName(plug)}`]),
  ];
  const model = board.model === 'other' ? '' : `${board.model} `;
  return `${parts.join(', ')} (board ${model}${board.serial})`;
}
