import { Document, isScalar, visit } from 'yaml';
import { visible } from '../../proto/contract/visible.js';

export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export type Tone = 'good' | 'bad' | 'dim' | 'plain';

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** Shown with -o wide only. */
  readonly wide?: boolean;
  readonly tone?: (row: Row) => Tone;
}

/** How one kind of thing is shown, whatever the format. */
export interface Listing<Row> {
  readonly columns: readonly Column<Row>[];
  /** "node/pi-01", for -o name. */
  readonly name: (row: Row) => string;
  /** Said instead of an empty table. */
  readonly empty: string;
}

export interface Screen {
  readonly format: OutputFormat;
  /** False when NO_COLOR is set, TERM is dumb, or nobody looks. */
  readonly colour: boolean;
  /** `undefined` when the output is not a terminal: then nothing is cut. */
  readonly widthColumns: number | undefined;
}

const SGR: Record<Tone, string> = { good: '32', bad: '1;31', dim: '2', plain: '' };
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/u;
const EVERY_HIDDEN = new RegExp(HIDDEN, 'gu');

/** Text without its final line break. `data` is what json and yaml show. */
export function renderListing<Row>(listing: Listing<Row>, rows: readonly Row[], data: unknown, screen: Screen): string {
  switch (screen.format) {
    case 'json':
    case 'yaml':
      return renderData(data, screen.format);
    case 'name':
      return rows.map((row) => visible(listing.name(row))).join('\n');
    case 'table':
    case 'wide':
      return rows.length === 0 ? listing.empty : renderTable(listing.columns, rows, screen);
  }
}

/** The same values in the text format that was asked for; characters that could disturb a terminal are escaped. */
export function renderData(data: unknown, format: 'json' | 'yaml'): string {
  return format === 'json' ? escapeHidden(JSON.stringify(data, null, 2), jsonEscape) : renderYaml(data);
}

/** JSON on one line, for streams of values. */
export function renderJsonLine(data: unknown): string {
  return escapeHidden(JSON.stringify(data), jsonEscape);
}

/** Every string in double quotes, so that an escape can stand for any character in it; keys too, unless they are harmless. */
function renderYaml(data: unknown): string {
  const document = new Document(data, { aliasDuplicateObjects: false });
  visit(document, {
    Pair: (_, { key }) => {
      if (isScalar(key) && typeof key.value === 'string' && HIDDEN.test(key.value)) key.type = 'QUOTE_DOUBLE';
    },
  });
  const text = document.toString({ defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 });
  return escapeHidden(text, yamlEscape).trimEnd();
}

function escapeHidden(text: string, spell: (character: string) => string): string {
  return text.replace(EVERY_HIDDEN, (character) => (character === '\n' ? character : spell(character)));
}

/** JSON knows sixteen bits at a time. */
function jsonEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${hex(unit, 4)}`).join('');
}

function yamlEscape(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  return codePoint > 0xffff ? `\\U${hex(codePoint, 8)}` : `\\u${hex(codePoint, 4)}`;
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}

function renderTable<Row>(all: readonly Column<Row>[], rows: readonly Row[], screen: Screen): string {
  const columns = all.filter((column) => column.wide !== true || screen.format === 'wide');
  const cells = rows.map((row) => columns.map((column) => visible(column.text(row)) || '-'));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((line) => widthOf(line[index] ?? ''))),
  );
  const lines = [
    columns
      .map((column, index) => pad(column.title, widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  ];
  rows.forEach((row, rowIndex) => {
    lines.push(renderLine(columns, row, cells[rowIndex] ?? [], widths, screen));
  });
  return lines.join('\n');
}

function renderLine<Row>(
  columns: readonly Column<Row>[],
  row: Row,
  cells: readonly string[],
  widths: readonly number[],
  screen: Screen,
): string {
  let used = 0;
  const parts = cells.map((cell, index) => {
    const isLast = index === cells.length - 1;
    const room = isLast && screen.widthColumns !== undefined ? Math.max(8, screen.widthColumns - used) : Infinity;
    const width = widths[index] ?? 0;
    used += width + 2;
    const text = isLast ? cut(cell, room) : pad(cell, width);
    return paint(text, columns[index]?.tone?.(row) ?? 'plain', screen.colour);
  });
  return parts.join('  ').trimEnd();
}

export function paint(text: string, tone: Tone, colour: boolean): string {
  return !colour || tone === 'plain' ? text : `\u001b[${SGR[tone]}m${text}\u001b[0m`;
}

/** Columns that a text takes; East Asian wide characters and emoji count twice. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += /\p{M}/u.test(character) ? 0 : isWide(character) ? 2 : 1;
  return width;
}

function isWide(character: string): boolean {
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u.test(
    character,
  );
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (widthOf(kept + character) + 1 > width) break;
    kept += character;
  }
  return `${kept}…`;
}

/** "label  value" lines about one thing. */
export function renderPairs(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([label]) => label.length));
  return pairs.map(([label, value]) => `${pad(label, width)}  ${visible(value, 2_000) || '-'}`).join('\n');
}
