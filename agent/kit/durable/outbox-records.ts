import { Event } from '../../../proto/gen/bramble/agent/v1/event.js';

/** A result is what somebody waits for; it is dropped last. */
export type Priority = 'result' | 'normal';

/** Counters that must survive the events that they were counted on. */
export interface OutboxCounters {
  /** Sequence that the next event gets. */
  readonly nextSequence: number;
  /** Events that the bound has dropped since the outbox was created. */
  readonly droppedCount: number;
  /** Those of them that no EventsDropped event has told yet. */
  readonly untoldCount: number;
}

/**
 * What somebody remembers of what was told, kept in one record with the event that told it: after a crash either both are there
 * or none is.
 */
export interface Mark {
  /** Whose it is; a newer mark of a name takes the place of the older one. */
  readonly name: string;
  readonly text: string;
}

export type OutboxRecord =
  | { readonly kind: 'added'; readonly event: Event; readonly priority: Priority; readonly mark?: Mark | undefined }
  | { readonly kind: 'mark'; readonly mark: Mark }
  /** These were acknowledged. */
  | { readonly kind: 'acknowledged'; readonly ranges: readonly SequenceRange[] }
  /** These were dropped by the bound; together with the counters, so that a torn write never loses the count alone. */
  | { readonly kind: 'dropped'; readonly ranges: readonly SequenceRange[]; readonly counters: OutboxCounters };

/** Of the events present, those from `first` to `last`. */
export type SequenceRange = readonly [first: number, last: number];

/** Before the mark of an event: how long the mark is. */
const LENGTH_BYTES = 4;

/** First byte of a record. Numbers are never used again for something else. */
const TAG = { added: 1, addedResult: 2, acknowledged: 3, dropped: 4, mark: 5, addedWithMark: 6 } as const;

export function encodeAdded(event: Event, priority: Priority): Uint8Array {
  const body = Event.encode(event).finish();
  return tagged(priority === 'result' ? TAG.addedResult : TAG.added, body);
}

/** Events with a mark are of normal priority. */
export function encodeAddedWithMark(event: Event, mark: Mark): Uint8Array {
  const bytes = encodeMark(mark);
  const body = Event.encode(event).finish();
  const record = new Uint8Array(1 + LENGTH_BYTES + bytes.length + body.length);
  record[0] = TAG.addedWithMark;
  new DataView(record.buffer).setUint32(1, bytes.length, true);
  record.set(bytes, 1 + LENGTH_BYTES);
  record.set(body, 1 + LENGTH_BYTES + bytes.length);
  return record;
}

export function encodeMark({ name, text }: Mark): Uint8Array {
  return tagged(TAG.mark, new TextEncoder().encode(`${name}\n${text}`));
}

export function encodeAcknowledged(ranges: readonly SequenceRange[]): Uint8Array {
  return tagged(TAG.acknowledged, numbers(ranges.flat()));
}

export function encodeDropped(ranges: readonly SequenceRange[], counters: OutboxCounters): Uint8Array {
  const { nextSequence, droppedCount, untoldCount } = counters;
  return tagged(TAG.dropped, numbers([nextSequence, droppedCount, untoldCount, ...ranges.flat()]));
}

/** `undefined` for a record of a newer agent, or one that means nothing: it is skipped. Never throws. */
export function decodeOutboxRecord(record: Uint8Array): OutboxRecord | undefined {
  const body = record.subarray(1);
  switch (record[0]) {
    case TAG.added:
      return decodeAdded(body, 'normal');
    case TAG.addedResult:
      return decodeAdded(body, 'result');
    case TAG.mark:
      return decodeMark(record);
    case TAG.addedWithMark:
      return decodeAddedWithMark(body);
    case TAG.acknowledged:
      return decodeAcknowledged(body);
    case TAG.dropped:
      return decodeDropped(body);
    default:
      return undefined;
  }
}

function decodeAdded(
  body: Uint8Array,
  priority: Priority,
): Extract<OutboxRecord, { readonly kind: 'added' }> | undefined {
  try {
    return { kind: 'added', event: Event.decode(body), priority };
  } catch {
    return undefined; // the checksum held, so another program wrote it; there is nobody to send it to
  }
}

function decodeMark(record: Uint8Array): { readonly kind: 'mark'; readonly mark: Mark } | undefined {
  const text = new TextDecoder().decode(record.subarray(1));
  const end = text.indexOf('\n');
  if (record[0] !== TAG.mark || end < 0) return undefined;
  return { kind: 'mark', mark: { name: text.slice(0, end), text: text.slice(end + 1) } };
}

/** The event stands also where its mark means nothing. */
function decodeAddedWithMark(body: Uint8Array): OutboxRecord | undefined {
  if (body.length < LENGTH_BYTES) return undefined;
  const end = LENGTH_BYTES + new DataView(body.buffer, body.byteOffset, body.byteLength).getUint32(0, true);
  const added = decodeAdded(body.subarray(end), 'normal');
  return added === undefined ? undefined : { ...added, mark: decodeMark(body.subarray(LENGTH_BYTES, end))?.mark };
}

function decodeAcknowledged(body: Uint8Array): OutboxRecord | undefined {
  const values = parseNumbers(body);
  return values === undefined ? undefined : { kind: 'acknowledged', ranges: pairs(values) };
}

function decodeDropped(body: Uint8Array): OutboxRecord | undefined {
  const [nextSequence, droppedCount, untoldCount, ...rest] = parseNumbers(body) ?? [];
  if (nextSequence === undefined || droppedCount === undefined || untoldCount === undefined) return undefined;
  return { kind: 'dropped', ranges: pairs(rest), counters: { nextSequence, droppedCount, untoldCount } };
}

function pairs(values: readonly number[]): readonly SequenceRange[] {
  const ranges: SequenceRange[] = [];
  for (let at = 0; at + 1 < values.length; at += 2) ranges.push([values[at] ?? 0, values[at + 1] ?? 0]);
  return ranges;
}

function tagged(tag: number, body: Uint8Array): Uint8Array {
  const record = new Uint8Array(1 + body.length);
  record[0] = tag;
  record.set(body, 1);
  return record;
}

/** Decimal text: these records are rare, and can be read with any pager. */
function numbers(values: readonly number[]): Uint8Array {
  return new TextEncoder().encode(values.join(' '));
}

function parseNumbers(body: Uint8Array): readonly number[] | undefined {
  const values = new TextDecoder().decode(body).split(' ').map(Number);
  return values.every((value) => Number.isSafeInteger(value) && value >= 0) ? values : undefined;
}
