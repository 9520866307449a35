import { BrambleError } from '../../../proto/contract/errors.js';

/** The part of an authorized_keys file that Bramble keeps stands between these lines. */
const BEGIN = '# BEGIN bramble: this part is kept by Bramble, edits in it are undone';
const END = '# END bramble';

interface Parts {
  /** What stands before and after the part, byte for byte. */
  readonly before: string;
  readonly after: string;
  /** `undefined` = there is no part. */
  readonly keys: readonly string[] | undefined;
}

/** Keys in the part; `undefined` when there is none. @throws BrambleError `failed-precondition` for a damaged part */
export function parseManagedKeys(text: string): readonly string[] | undefined {
  return partsOf(text).keys;
}

/**
 * The file with these keys in the part, and every other line as it was. Without keys the part goes away. A part that
 * says already what it should is left as it is.
 * @throws BrambleError `failed-precondition` for a damaged part: what belongs to whom is for a person to tell
 */
export function renderAuthorizedKeys(text: string | undefined, keys: readonly string[]): string | undefined {
  const { before, after, keys: present } = partsOf(text ?? '');
  if ((present ?? []).join('\n') === keys.join('\n') && (present === undefined) === (keys.length === 0)) return text;
  if (keys.length === 0) return before + after;
  const separator = before === '' || before.endsWith('\n') ? '' : '\n';
  return `${before}${separator}${[BEGIN, ...keys, END].join('\n')}\n${after}`;
}

function partsOf(text: string): Parts {
  const lines = text.split(/(?<=\n)/);
  const bare = lines.map((line) => line.replace(/\n$/, ''));
  const begins = indexesOf(bare, BEGIN);
  const ends = indexesOf(bare, END);
  const [begin] = begins;
  const [end] = ends;
  if (begin === undefined && end === undefined) return { before: text, after: '', keys: undefined };
  if (begin === undefined || end === undefined || end < begin || begins.length > 1 || ends.length > 1) {
    throw new BrambleError('failed-precondition', 'the part of authorized_keys that Bramble keeps is damaged', {
      hint: `remove the lines "${BEGIN}" and "${END}" and what of the keys between them is not wanted`,
    });
  }
  return {
    before: lines.slice(0, begin).join(''),
    after: lines.slice(end + 1).join(''),
    keys: bare.slice(begin + 1, end),
  };
}

function indexesOf(lines: readonly string[], wanted: string): readonly number[] {
  return lines.flatMap((line, index) => (line === wanted ? [index] : []));
}
