/** The catalogue as lines of text: one for each name, after it one for each of its extended attributes. */
import { BrambleError } from '../errors.js';
import { visible } from '../visible.js';
import type { CatalogueEntry, Xattr } from './catalogue.js';

const LETTERS = { directory: 'd', file: 'f', symlink: 'l' } as const;

/** Ends with a newline. What it says of a tree is one text: parse and render undo each other. */
export function renderEntry(entry: CatalogueEntry): string {
  if (entry.kind === 'hard-link') return `h ${encode(entry.path)} ${encode(entry.target)}\n`;
  const { kind, mode, uid, gid, mtimeS, xattrs } = entry;
  const head = `${LETTERS[kind]} ${mode.toString(8)} ${uid} ${gid} ${mtimeS}`;
  const size = kind === 'file' ? ` ${entry.sizeBytes}` : '';
  const target = kind === 'symlink' ? ` ${encode(entry.target)}` : '';
  const own = xattrs.map(({ name, valueBase64 }) => `x ${encode(name)} ${valueBase64}\n`).join('');
  return `${head}${size} ${encode(entry.path)}${target}\n${own}`;
}

/** @throws BrambleError `data-loss` at the first line that renderEntry() would not have written */
export function* parseCatalogue(text: string): Generator<CatalogueEntry> {
  let waiting: { readonly entry: CatalogueEntry; readonly xattrs: Xattr[] } | undefined;
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    if (end < 0) throw damaged(text.slice(start));
    const line = text.slice(start, end);
    start = end + 1;
    if (line.startsWith('x ')) {
      if (waiting === undefined || waiting.entry.kind === 'hard-link') throw damaged(line);
      waiting.xattrs.push(parseXattr(line));
      continue;
    }
    if (waiting !== undefined) yield waiting.entry;
    const xattrs: Xattr[] = [];
    waiting = { entry: parseLine(line, xattrs), xattrs };
  }
  if (waiting !== undefined) yield waiting.entry;
}

function parseXattr(line: string): Xattr {
  const [, name = '', valueBase64 = '', ...rest] = line.split(' ');
  if (name === '' || rest.length > 0) throw damaged(line);
  return { name: decode(name, line), valueBase64 };
}

function parseLine(line: string, xattrs: readonly Xattr[]): CatalogueEntry {
  const fields = line.split(' ');
  if (fields[0] === 'h' && fields.length === 3) {
    return { kind: 'hard-link', path: decode(fields[1] ?? '', line), target: decode(fields[2] ?? '', line) };
  }
  const [letter, mode = '', uid = '', gid = '', mtime = '', ...rest] = fields;
  const numbers = { uid: number(uid, line), gid: number(gid, line), mtimeS: number(mtime, line) };
  if (!/^(?:0|[1-7][0-7]{0,3})$/.test(mode)) throw damaged(line);
  const base = { ...numbers, mode: Number.parseInt(mode, 8), xattrs };
  const [first = '', second = ''] = rest;
  if (letter === 'd' && rest.length === 1) return { ...base, kind: 'directory', path: decode(first, line) };
  if (letter === 'f' && rest.length === 2) {
    return { ...base, kind: 'file', path: decode(second, line), sizeBytes: number(first, line) };
  }
  if (letter === 'l' && rest.length === 2) {
    return { ...base, kind: 'symlink', path: decode(first, line), target: decode(second, line) };
  }
  throw damaged(line);
}

function number(text: string, line: string): number {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) throw damaged(line);
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw damaged(line);
  return value;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are written in another way
const SPECIAL = /[\u0000-\u0020%\u007f]/g;

function encode(text: string): string {
  return text.replace(SPECIAL, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function decode(text: string, line: string): string {
  const decoded = text.includes('%')
    ? text.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text;
  if (text === '' || encode(decoded) !== text) throw damaged(line);
  return decoded;
}

function damaged(line: string): BrambleError {
  return new BrambleError('data-loss', `not a line of a catalogue: ${visible(line, 120)}`);
}
