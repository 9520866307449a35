/** Adds samples and enum values that are not recorded yet. It never changes or removes one: that is the point of them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type protobuf from 'protobufjs';
import { CODECS, ENUMS, TYPES } from './codecs.js';
import { generatedBytes, generatedMeaning } from './meaning.js';
import { difference, FOLDER, type Recorded, readRecorded, readRecordedEnums, recordedMessages } from './recorded.js';
import { samplesOf } from './samples.js';

/** What goes against the promise: a sample that would mean something else, a value that was renamed or removed. */
function broken(folder: string): readonly string[] {
  const problems = recordedMessages(folder)
    .filter((name) => !CODECS.has(name))
    .map((name) => `${name} is recorded and is gone from the contract`);
  for (const type of TYPES) {
    for (const { name, bytes, means } of readRecorded(type.name, folder)) {
      const today = generatedMeaning(type, Buffer.from(bytes, 'hex'));
      const where = difference(type, means, today);
      if (where !== undefined) problems.push(`${type.name} "${name}" would change its meaning at ${where}`);
    }
  }
  for (const [name, values] of Object.entries(readRecordedEnums(folder))) {
    const today = ENUMS.find((declared) => declared.name === name)?.values ?? {};
    for (const [key, number] of Object.entries(values)) {
      if (today[key] !== number) problems.push(`${name}.${key} was ${number} and is ${today[key] ?? 'gone'}`);
    }
  }
  return problems;
}

/** Samples of today whose bytes are not among the recorded ones, under names that are free. */
function additions(type: protobuf.Type, existing: readonly Recorded[]): readonly Recorded[] {
  const added: Recorded[] = [];
  for (const { name, means } of samplesOf(type)) {
    const bytes = Buffer.from(generatedBytes(type, means)).toString('hex');
    const known = [...existing, ...added];
    if (known.some((sample) => sample.bytes === bytes)) continue;
    const version = known.filter((sample) => sample.name.split(' #')[0] === name).length;
    added.push({ name: version === 0 ? name : `${name} #${version + 1}`, bytes, means });
  }
  return added;
}

/** Writes what is missing and returns how many samples were added. @throws Error when something recorded would change. */
export function record(folder: string): number {
  mkdirSync(folder, { recursive: true });
  const problems = broken(folder);
  if (problems.length > 0) throw new Error(`nothing was written; the contract may only grow:\n${problems.join('\n')}`);
  let count = 0;
  for (const type of TYPES) {
    const existing = readRecorded(type.name, folder);
    const added = additions(type, existing);
    if (added.length === 0) continue;
    writeFileSync(path.join(folder, `${type.name}.json`), `${JSON.stringify([...existing, ...added], undefined, 2)}\n`);
    count += added.length;
  }
  const enums = Object.fromEntries(ENUMS.map(({ name, values }) => [name, values]));
  writeFileSync(path.join(folder, 'enums.json'), `${JSON.stringify(enums, undefined, 2)}\n`);
  return count;
}

if (process.argv.includes('--write')) console.log(`${record(FOLDER)} samples added to ${FOLDER}`);
