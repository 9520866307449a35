/**
 * One column of packed history: whole numbers that change slowly, or steadily, or now and then.
 *
 * Values are taken relative to the first one and divided by what all of them are multiples of (memory comes in pages);
 * then the smallest of these is kept: the numbers themselves, their differences, or the differences of those; each
 * as varints, as bits of equal width, or as runs of zeros between varints.
 */

import { type ByteReader, type ByteWriter, broken } from './byte-stream.js';

/** Values far apart, whose differences are not exact: each one as it is. */
const RAW = 0;
const CONSTANT = 1;
/** The other encodings are `FIRST_MIXED + order * CODERS + coder`. */
const FIRST_MIXED = 2;
const ORDERS = 3;
const VARINTS = 0;
const BITS = 1;
const RUNS = 2;
const CODERS = 3;

/** @param values safe integers */
export function writeColumn(writer: ByteWriter, values: ArrayLike<number>): void {
  const first = values[0];
  if (first === undefined) return;
  const scale = commonStep(values, first);
  if (scale === undefined) {
    writer.byte(RAW);
    for (let i = 0; i < values.length; i++) writer.signed(values[i] ?? 0);
    return;
  }
  if (scale === 0) {
    writer.byte(CONSTANT);
    writer.signed(first);
    return;
  }
  const steps = new Float64Array(values.length);
  for (let i = 1; i < values.length; i++) steps[i] = ((values[i] ?? 0) - first) / scale;
  const choice = smallest(steps);
  writer.byte(FIRST_MIXED + choice.order * CODERS + choice.coder);
  writer.signed(first);
  writer.varint(scale);
  for (let order = 0; order < choice.order; order++) difference(steps);
  writeSteps(writer, steps, choice);
}

/** @throws BrambleError `data-loss` */
export function readColumn(reader: ByteReader, count: number): Float64Array {
  const values = new Float64Array(count);
  if (count === 0) return values;
  const encoding = reader.byte();
  if (encoding === RAW) {
    for (let i = 0; i < count; i++) values[i] = reader.signed();
    return checked(values);
  }
  const first = reader.signed();
  if (encoding === CONSTANT) return checked(values.fill(first));
  const order = Math.floor((encoding - FIRST_MIXED) / CODERS);
  if (order >= ORDERS) throw broken(`no such encoding: ${encoding}`);
  const scale = reader.varint();
  readSteps(reader, values, order, (encoding - FIRST_MIXED) % CODERS);
  for (let left = order; left > 0; left--) {
    for (let i = 1; i < count; i++) values[i] = (values[i] ?? 0) + (values[i - 1] ?? 0);
  }
  for (let i = 0; i < count; i++) values[i] = first + (values[i] ?? 0) * scale;
  return checked(values);
}

/** The largest number that divides every difference to the first value; 0 when there is none, `undefined` when not exact. */
function commonStep(values: ArrayLike<number>, first: number): number | undefined {
  let step = 0;
  for (let i = 1; i < values.length; i++) {
    let a = Math.abs((values[i] ?? 0) - first);
    if (a > Number.MAX_SAFE_INTEGER) return undefined;
    if (step === 1) continue;
    let b = step;
    while (b !== 0) [a, b] = [b, a % b];
    step = a;
  }
  return step;
}

/** In place; the first stays, as the difference to an imagined zero before it. */
function difference(steps: Float64Array): void {
  for (let i = steps.length - 1; i > 0; i--) steps[i] = (steps[i] ?? 0) - (steps[i - 1] ?? 0);
}

interface Choice {
  readonly order: number;
  readonly coder: number;
  readonly least: number;
  readonly widthBits: number;
  readonly sizeBytes: number;
}

function smallest(steps: Float64Array): Choice {
  const work = steps.slice();
  let best: Choice | undefined;
  for (let order = 0; order < ORDERS; order++) {
    if (order > 0) difference(work);
    const found = measure(work, order);
    if (found === undefined) break; // no longer exact
    if (best === undefined || found.sizeBytes < best.sizeBytes) best = found;
  }
  // Order 0 is always exact: commonStep() has looked at these very numbers.
  return best ?? { order: 0, coder: VARINTS, least: 0, widthBits: 0, sizeBytes: 0 };
}

/** The best coder for these numbers; `undefined` when one of them is beyond the exact range. */
function measure(steps: Float64Array, order: number): Choice | undefined {
  let least = Infinity;
  let most = -Infinity;
  let varintBytes = 0;
  let runBytes = 0;
  let inRun = false;
  const from = codedFrom(order);
  for (let i = from; i < steps.length; i++) {
    const step = steps[i] ?? 0;
    if (step < least) least = step;
    if (step > most) most = step;
    const bytes = signedBytes(step);
    varintBytes += bytes;
    if (step !== 0) runBytes += bytes + (inRun ? 0 : 1);
    inRun = step === 0;
  }
  if (most > Number.MAX_SAFE_INTEGER || least < -Number.MAX_SAFE_INTEGER) return undefined;
  const apart = from > 1 ? (steps[1] ?? 0) : 0;
  if (Math.abs(apart) > Number.MAX_SAFE_INTEGER) return undefined;
  if (steps.length <= from) least = most = 0;
  const widthBits = most - least > Number.MAX_SAFE_INTEGER ? undefined : bitsOf(most - least);
  const bitsBytes =
    widthBits === undefined ? Infinity : signedBytes(least) + 1 + Math.ceil((widthBits * (steps.length - from)) / 8);
  const runsBytes = runBytes + 1; // zeros at the end
  const codedBytes = Math.min(varintBytes, bitsBytes, runsBytes);
  const coder = codedBytes === bitsBytes ? BITS : codedBytes === varintBytes ? VARINTS : RUNS;
  const sizeBytes = codedBytes + (from > 1 ? signedBytes(apart) : 0);
  return { order, coder, least, widthBits: widthBits ?? 0, sizeBytes };
}

/**
 * Index of the first step that the coder writes. Step 0 is 0 by definition; of differences of differences the next one
 * is a whole difference, far from all that follow, and goes apart.
 */
function codedFrom(order: number): number {
  return order === 2 ? 2 : 1;
}

function signedBytes(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude < 0x40) return 1;
  if (magnitude < 0x2000) return 2;
  if (magnitude < 0x10_0000) return 3;
  if (magnitude < 0x800_0000) return 4;
  return 5 + Math.max(0, Math.ceil((bitsOf(magnitude) - 34) / 7));
}

function bitsOf(value: number): number {
  return value <= 0x7fff_ffff ? 32 - Math.clz32(value) : 31 + bitsOf(Math.floor(value / 2 ** 31));
}

function writeSteps(writer: ByteWriter, steps: Float64Array, { order, coder, least, widthBits }: Choice): void {
  const from = codedFrom(order);
  if (from > 1) writer.signed(steps[1] ?? 0);
  if (coder === BITS) {
    writer.signed(least);
    writer.byte(widthBits);
    for (let i = from; i < steps.length; i++) steps[i] = (steps[i] ?? 0) - least;
    writer.packed(steps, from, widthBits);
    return;
  }
  let zeros = 0;
  for (let i = from; i < steps.length; i++) {
    const step = steps[i] ?? 0;
    if (coder === RUNS) {
      if (step === 0) {
        zeros += 1;
        continue;
      }
      writer.varint(zeros);
      zeros = 0;
    }
    writer.signed(step);
  }
  if (coder === RUNS && zeros > 0) writer.varint(zeros);
}

function readSteps(reader: ByteReader, steps: Float64Array, order: number, coder: number): void {
  const from = codedFrom(order);
  if (from > 1) {
    const apart = reader.signed();
    if (steps.length > 1) steps[1] = apart;
  }
  if (coder === BITS) {
    const least = reader.signed();
    const widthBits = reader.byte();
    if (widthBits > 53) throw broken(`${widthBits} bits for one number`);
    reader.packed(steps, from, widthBits);
    for (let i = from; i < steps.length; i++) steps[i] = (steps[i] ?? 0) + least;
    return;
  }
  for (let i = from; i < steps.length; i++) {
    if (coder === RUNS) {
      i += reader.varint(steps.length - i);
      if (i >= steps.length) return;
    }
    steps[i] = reader.signed();
  }
}

function checked(values: Float64Array): Float64Array {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isSafeInteger(values[i])) throw broken('a value is out of range');
  }
  return values;
}
