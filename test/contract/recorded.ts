/** Bytes of every message, kept as files: what an agent in the field may still send must mean the same for ever. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import protobuf from 'protobufjs';
import { isList, type Meaning, type MeaningValue } from './meaning.js';

export const FOLDER = 'test/contract/recorded';

export interface Recorded {
  readonly name: string;
  /** Lower-case hex. */
  readonly bytes: string;
  readonly means: Meaning;
}

/** The samples of one message, in the order in which they were recorded; empty when there are none yet. */
export function readRecorded(message: string, folder = FOLDER): readonly Recorded[] {
  if (!recordedMessages(folder).includes(message)) return [];
  return JSON.parse(readFileSync(path.join(folder, `${message}.json`), 'utf8')) as Recorded[];
}

/** Names of messages that have samples. */
export function recordedMessages(folder = FOLDER): readonly string[] {
  return readdirSync(folder)
    .filter((file) => /^[A-Z]\w*\.json$/.test(file))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** Values of every enum, by its name: a number never changes its name. */
export type RecordedEnums = Readonly<Record<string, Readonly<Record<string, number>>>>;

export function readRecordedEnums(folder = FOLDER): RecordedEnums {
  if (!readdirSync(folder).includes('enums.json')) return {};
  return JSON.parse(readFileSync(path.join(folder, 'enums.json'), 'utf8')) as RecordedEnums;
}

/**
 * Where today's reading of a sample differs from what it meant when it was recorded; `undefined` when nowhere. A field
 * that the sample's time did not know must be at its default.
 */
export function difference(type: protobuf.Type, recorded: Meaning, today: Meaning): string | undefined {
  for (const field of type.fieldsArray) {
    const before = recorded[field.name];
    const now = today[field.name];
    if (before === undefined ? !isDefault(now) : !sameValue(field, before, now)) return field.fullName;
  }
  return Object.keys(recorded).find((name) => type.fields[name] === undefined);
}

function sameValue(field: protobuf.Field, before: MeaningValue, now: MeaningValue | undefined): boolean {
  if (isList(before)) {
    if (!isList(now) || now.length !== before.length) return false;
    return before.every((element, i) => sameValue(field, element, now[i]));
  }
  if (!(field.resolvedType instanceof protobuf.Type)) return before === now;
  return now !== undefined && difference(field.resolvedType, before as Meaning, now as Meaning) === undefined;
}

function isDefault(value: MeaningValue | undefined): boolean {
  if (isList(value)) return value.length === 0;
  return value === undefined || value === 0 || value === '' || value === false || value === 'hex:';
}
