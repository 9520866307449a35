import { BrambleError } from '../../../proto/contract/errors.js';
import { isLabelKey, isLabelValue } from '../../../proto/contract/labels.js';
import { visible } from '../../../proto/contract/visible.js';

/**
 * "rack=3" sets, "rack-" removes, as kubectl has it.
 * @throws BrambleError `invalid-argument`
 */
export function parseLabelWords(words: readonly string[]): Record<string, string | null> {
  const labels = new Map<string, string | null>();
  for (const word of words) {
    const at = word.indexOf('=');
    const [key, value] = at < 0 ? [word.replace(/-$/, ''), null] : [word.slice(0, at), word.slice(at + 1)];
    const isRemoval = at < 0 && word.endsWith('-');
    if ((at < 0 && !isRemoval) || !isLabelKey(key) || (value !== null && !isLabelValue(value))) {
      throw new BrambleError('invalid-argument', `not a label: ${visible(word)}`, {
        hint: 'write key=value to set it, key- to remove it; letters, digits, dashes, dots and underscores',
      });
    }
    if (labels.has(key)) throw new BrambleError('invalid-argument', `label ${key} is there twice`);
    labels.set(key, value);
  }
  return Object.fromEntries(labels);
}
