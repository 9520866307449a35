import type { NodeView } from '../../proto/contract/api/fleet.js';
import type { Filter } from './address.js';

/** Whether a node passes, for as many nodes as there are: what can be prepared is prepared once. */
export function makeNodeFilter({ text, states }: Filter): (node: NodeView) => boolean {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const wanted = new Set(states);
  return (node) => {
    if (wanted.size > 0 && !wanted.has(node.state)) return false;
    if (words.length === 0) return true;
    const searched = searchedText(node);
    return words.every((word) => searched.includes(word));
  };
}

/** Everything that a row shows, and what is printed on the board: serial number and addresses. */
function searchedText({ name, site, kind, model, serial, macAddresses, state, why, conditions }: NodeView): string {
  const troubles = conditions
    .filter(({ status }) => status !== 'false')
    .map(({ type, message }) => `${type} ${message}`);
  return [name, site, kind, model, serial, ...macAddresses, state, why, ...troubles].join('\n').toLowerCase();
}
