import type { TailPosition } from '../../agent/kit/host/log-tail.js';
import { parseBootRecord, renderBootRecord } from '../../proto/contract/boot/record-text.js';
import type { BoardState } from './advance.js';

/** What an agent remembers across its own restarts, so that no stage is told twice and no line is left out. */
export interface KeptBoots {
  /** Boot of this machine in which the times were taken. */
  readonly bootId: string;
  /** By path of the log. */
  readonly positions: ReadonlyMap<string, TailPosition>;
  readonly states: readonly BoardState[];
}

export function renderKeptBoots({ bootId, positions, states }: KeptBoots): string {
  return JSON.stringify({
    bootId,
    positions: Object.fromEntries(positions),
    boards: states.map(({ record, maybeStartMs }) => ({ record: renderBootRecord(record), maybeStartMs })),
  });
}

/** `undefined` for anything else: then it begins anew. */
export function parseKeptBoots(text: string): KeptBoots | undefined {
  try {
    const { bootId, positions, boards } = fieldsOf(JSON.parse(text));
    if (typeof bootId !== 'string' || !Array.isArray(boards)) return undefined;
    return {
      bootId,
      positions: new Map(Object.entries(fieldsOf(positions)).flatMap(([path, value]) => readPosition(path, value))),
      states: boards.flatMap(readState),
    };
  } catch {
    return undefined; // not JSON
  }
}

function readPosition(path: string, value: unknown): readonly [string, TailPosition][] {
  const { fileId, offsetBytes } = fieldsOf(value);
  const isWhole = typeof offsetBytes === 'number' && Number.isSafeInteger(offsetBytes) && offsetBytes >= 0;
  return typeof fileId === 'string' && isWhole ? [[path, { fileId, offsetBytes }]] : [];
}

function readState(value: unknown): readonly BoardState[] {
  const { record: text, maybeStartMs } = fieldsOf(value);
  const record = typeof text === 'string' ? parseBootRecord(text) : undefined;
  if (record === undefined) return [];
  return [{ record, maybeStartMs: typeof maybeStartMs === 'number' ? maybeStartMs : undefined }];
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
