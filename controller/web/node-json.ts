import { NodeView } from '../../proto/contract/api/fleet.js';

/**
 * Renders nodes for lists and streams. A view is the same object until something about its node changes, so its text,
 * checked against its schema once, is kept as long as the view is.
 */
export function makeNodeRenderer(): (node: NodeView) => string {
  const texts = new WeakMap<NodeView, string>();
  return (node) => {
    let text = texts.get(node);
    if (text === undefined) {
      text = JSON.stringify(NodeView.parse(node));
      texts.set(node, text);
    }
    return text;
  };
}
