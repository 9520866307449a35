/** Letters beyond ASCII. Names of hosts have none, so one that has some may be made to be taken for another. */
const FOREIGN = /[^\x20-\x7e]/gu;
const SPELLED_MAX = 8;

/** "pі-01" -> "pі-01 (not ASCII: U+0456)": what looks like another name is told apart from it. */
export function spelledOut(name: string): string {
  const foreign = [...new Set(name.match(FOREIGN))].slice(0, SPELLED_MAX);
  if (foreign.length === 0) return name;
  return `${name} (not ASCII: ${foreign.map(codePointOf).join(' ')})`;
}

function codePointOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
