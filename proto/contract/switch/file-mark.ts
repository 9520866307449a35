/**
 * A short mark of a file of a switch: two that differ have different ones, but for one pair in 2^53. Against mistakes, not against
 * forgers: whoever can write the file can make it have any mark. Source: Fowler, Noll, Vo, FNV-1a, over two halves of 32 bits.
 */
export function fileMark(text: string): string {
  let [one, two] = [0x811c9dc5, 0xcbf29ce4];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x01000193);
    two = Math.imul(two ^ (unit + at), 0x01000193) ^ (two >>> 15);
  }
  const hex = (half: number): string => (half >>> 0).toString(16).padStart(8, '0');
  return `${hex(one)}${hex(two)}`;
}
