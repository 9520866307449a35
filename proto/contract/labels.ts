/**
 * Labels: words that people hang on nodes, to find them by. Their form is that of Kubernetes, so that habits and tools fit.
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */

export type Labels = Readonly<Record<string, string>>;

/** Most labels of one node. */
export const LABELS_MAX = 64;
export const LABEL_KEY_CHARACTERS_MAX = 253 + 1 + 63;
const PREFIX_CHARACTERS_MAX = 253;

/** A name or a value: letters and digits at both ends; dashes, dots and underscores between. */
const WORD = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
/** One part of a DNS name (RFC 1123). */
const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** "rack" or "example.org/rack". */
export function isLabelKey(text: string): boolean {
  if (text.length > LABEL_KEY_CHARACTERS_MAX) return false;
  const slash = text.indexOf('/');
  if (slash < 0) return WORD.test(text);
  const prefix = text.slice(0, slash);
  return WORD.test(text.slice(slash + 1)) && isDnsName(prefix);
}

/** Empty, or a word. */
export function isLabelValue(text: string): boolean {
  return text === '' || WORD.test(text);
}

function isDnsName(text: string): boolean {
  return text.length <= PREFIX_CHARACTERS_MAX && text.split('.').every((part) => DNS_LABEL.test(part));
}
