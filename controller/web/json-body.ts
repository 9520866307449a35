import { BrambleError } from '../../proto/contract/errors.js';
import { visible } from '../../proto/contract/visible.js';

/**
 * Refuses a JSON text in which an object names a key twice: readers differ in which of the two they take, so what one
 * program has checked another one might not be told. One pass; time grows with the length and no faster.
 * Source: RFC 8259, section 4.
 * @param json a valid JSON text; its syntax is somebody else's to judge
 * @throws BrambleError `invalid-argument`
 */
export function assertNoKeyTwice(json: string): void {
  /** Keys of the open objects, outermost first; `undefined` for an open list. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = endOfString(json, at);
      const keys = open.at(-1);
      if (keys !== undefined && isBeforeColon(json, end)) {
        const key = String(JSON.parse(json.slice(at, end))); // escapes are other spellings of the same key
        if (keys.has(key)) throw new BrambleError('invalid-argument', `the key "${visible(key, 64)}" is there twice`);
        keys.add(key);
      }
      at = end - 1;
    }
  }
}

/** The place after the closing quote. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

function isBeforeColon(json: string, from: number): boolean {
  let at = from;
  while (' \t\r\n'.includes(json[at] ?? '-')) at += 1;
  return json[at] === ':';
}
