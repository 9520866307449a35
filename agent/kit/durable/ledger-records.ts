import { Command, CommandState } from '../../../proto/gen/bramble/agent/v1/command.js';

/** How far a command that was accepted has come. */
export type LedgerState =
  | typeof CommandState.ACCEPTED
  | typeof CommandState.STARTED
  | typeof CommandState.SUCCEEDED
  | typeof CommandState.FAILED
  | typeof CommandState.REJECTED
  | typeof CommandState.UNKNOWN;

/** States in which nothing more will be done. */
export type FinalState = Exclude<LedgerState, typeof CommandState.ACCEPTED | typeof CommandState.STARTED>;

export interface LedgerEntry {
  readonly command: Command;
  /** Milliseconds since the boot in which it was accepted. */
  readonly acceptedUptimeMs: number;
  readonly state: LedgerState;
  /** What the handler noted before it acted; empty until it started. */
  readonly before: string;
  /** What became of it, for people; empty until it is finished. */
  readonly detail: string;
}

/** First byte of a record. Numbers are never used again for something else. */
const TAG = { accepted: 1, started: 2, finished: 3, epoch: 4 } as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeAccepted(command: Command, acceptedUptimeMs: number): Uint8Array {
  const body = Command.encode(command).finish();
  const record = new Uint8Array(9 + body.length);
  record[0] = TAG.accepted;
  new DataView(record.buffer).setFloat64(1, acceptedUptimeMs, true);
  record.set(body, 9);
  return record;
}

export function encodeStarted(id: string, before: string): Uint8Array {
  return json(TAG.started, { id, before });
}

export function encodeFinished(id: string, state: FinalState, detail: string): Uint8Array {
  return json(TAG.finished, { id, state, detail });
}

/** Outlives the commands that raised it. */
export function encodeEpoch(epochHighest: number): Uint8Array {
  return json(TAG.epoch, { epochHighest });
}

/** The records that bring this entry back. */
export function encodeEntry(entry: LedgerEntry): readonly Uint8Array[] {
  const { command, state } = entry;
  const records = [encodeAccepted(command, entry.acceptedUptimeMs)];
  if (state === CommandState.ACCEPTED) return records;
  records.push(encodeStarted(command.id, entry.before));
  if (state !== CommandState.STARTED) records.push(encodeFinished(command.id, state, entry.detail));
  return records;
}

export interface LedgerContent {
  /** In the order of acceptance. */
  readonly entries: Map<string, LedgerEntry>;
  epochHighest: number;
}

/** Applies one record. What a newer agent wrote, and what makes no sense, changes nothing. Never throws. */
export function applyLedgerRecord(record: Uint8Array, content: LedgerContent): void {
  const body = record.subarray(1);
  try {
    switch (record[0]) {
      case TAG.accepted:
        applyAccepted(body, content);
        break;
      case TAG.started:
        applyStarted(parse(body), content.entries);
        break;
      case TAG.finished:
        applyFinished(parse(body), content.entries);
        break;
      case TAG.epoch:
        content.epochHighest = Math.max(content.epochHighest, number(parse(body)['epochHighest']));
        break;
      default:
        break;
    }
  } catch {
    // The checksum held, so another program wrote this record; the others are still good.
  }
}

function applyAccepted(body: Uint8Array, content: LedgerContent): void {
  const acceptedUptimeMs = new DataView(body.buffer, body.byteOffset, body.byteLength).getFloat64(0, true);
  const command = Command.decode(body.subarray(8));
  content.epochHighest = Math.max(content.epochHighest, command.epoch);
  if (content.entries.has(command.id)) return; // a rewritten file may hold a record twice
  content.entries.set(command.id, { command, acceptedUptimeMs, state: CommandState.ACCEPTED, before: '', detail: '' });
}

function applyStarted(fields: Readonly<Record<string, unknown>>, entries: Map<string, LedgerEntry>): void {
  const entry = entries.get(text(fields['id']));
  if (entry?.state !== CommandState.ACCEPTED) return;
  entries.set(entry.command.id, { ...entry, state: CommandState.STARTED, before: text(fields['before']) });
}

function applyFinished(fields: Readonly<Record<string, unknown>>, entries: Map<string, LedgerEntry>): void {
  const entry = entries.get(text(fields['id']));
  const state = FINAL_STATES.find((each) => each === fields['state']);
  if (entry === undefined || isFinal(entry.state) || state === undefined) return;
  entries.set(entry.command.id, { ...entry, state, detail: text(fields['detail']) });
}

const FINAL_STATES = [
  CommandState.SUCCEEDED,
  CommandState.FAILED,
  CommandState.REJECTED,
  CommandState.UNKNOWN,
] as const satisfies readonly FinalState[];

export function isFinal(state: LedgerState): state is FinalState {
  return FINAL_STATES.some((each) => each === state);
}

function json(tag: number, fields: Readonly<Record<string, string | number>>): Uint8Array {
  const body = encoder.encode(JSON.stringify(fields));
  const record = new Uint8Array(1 + body.length);
  record[0] = tag;
  record.set(body, 1);
  return record;
}

function parse(body: Uint8Array): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(decoder.decode(body));
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0;
}
