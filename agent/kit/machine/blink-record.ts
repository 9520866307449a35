import * as z from 'zod/mini';
import type { Owner } from './owner.js';

/** What is needed to give an LED back. */
export interface BlinkRecord {
  /** Name under /sys/class/leds. */
  readonly led: string;
  /** Trigger that drove it before. */
  readonly former: string;
  readonly blinking: string;
  /** Values by attribute name. */
  readonly settings: Readonly<Record<string, string>>;
  /** Who blinks. */
  readonly owner: Owner;
}

const word = z.string().check(z.regex(/^[A-Za-z0-9_:.-]{1,64}$/));

const RECORD = z.object({
  led: word,
  former: word,
  blinking: word,
  settings: z.record(word, z.string().check(z.regex(/^\d{1,9}$/))),
  owner: z.object({ pid: z.int(), startedTicks: z.int() }),
});

export function renderBlinkRecord(record: BlinkRecord): string {
  return `${JSON.stringify(record)}\n`;
}

/** `undefined` for what no process of ours wrote, or of an LED that is none of `names`. */
export function parseBlinkRecord(text: string, names: readonly string[]): BlinkRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // cut short by a crash of the whole machine: the LED began anew with it
  }
  const judged = RECORD.safeParse(value);
  return judged.success && names.includes(judged.data.led) ? judged.data : undefined;
}
