import { type Command, InvalidArgumentError } from 'commander';
import type { CliContext } from '../context.js';

/** Runs a command's work once its words are understood; the program turns what it returns into the exit code. */
export type RunCommand = (work: (context: CliContext) => Promise<number>) => Promise<void>;

/** One file per noun: adds its commands to the program. */
export type Register = (program: Command, run: RunCommand) => void;

/** For options that count. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** "90s", "15m", "24h", "7d" in milliseconds. */
export function durationMs(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  if (match === null) throw new InvalidArgumentError('It must be a duration such as 90s, 15m, 24h or 7d.');
  const unit = match[2] as keyof typeof UNIT_MS; // the pattern lets nothing else through
  return Number(match[1]) * UNIT_MS[unit];
}

/** Recorded for a change when nothing was said. */
export const DEFAULT_REASON = 'asked for with the bramble command';
