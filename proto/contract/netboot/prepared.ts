/** What a fileserver answers when it has made a new root for a board: who ordered it goes on with the number. */
export function preparedWords(serial: string, generation: number): string {
  return `generation ${generation} of board ${serial} prepared`;
}

/** `undefined` when the words are of something else. */
export function preparedGeneration(words: string): number | undefined {
  const digits = /\bgeneration ([1-9]\d{0,8})\b/.exec(words)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A fileserver's answer to whom it is to remove the roots of a board that has none: what was wanted is so. */
export const NO_ROOTS = 'it has no roots here';
