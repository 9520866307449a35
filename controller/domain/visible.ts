/** Control, format (bidi, zero-width, tags), surrogate, private-use and unassigned characters, and line separators. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/u;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** Longest text of a node inside one of our sentences, in characters. */
export const VISIBLE_TEXT_MAX_CHARACTERS = 200;

/**
 * Makes text that a node wrote inert: whatever could move a cursor, hide or reorder other text is spelled out as
 * `\u{1b}`, and the result is never longer than `maxCharacters` (UTF-16 units; a cut ends in "…"). Everything that a
 * node says passes through here before it becomes part of a message.
 */
export function visible(text: string, maxCharacters: number = VISIBLE_TEXT_MAX_CHARACTERS): string {
  if (text.length <= maxCharacters && PRINTABLE_ASCII.test(text)) return text;
  let shown = '';
  for (const character of text) {
    const next = HIDDEN.test(character) ? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}` : character;
    if (shown.length + next.length > maxCharacters) return cut(shown, maxCharacters);
    shown += next;
  }
  return shown;
}

function cut(shown: string, maxCharacters: number): string {
  const kept = Array.from(shown);
  let length = shown.length;
  while (length + 1 > maxCharacters && kept.length > 0) length -= kept.pop()?.length ?? 0;
  return `${kept.join('')}…`;
}
