import { BrambleError } from '../../../proto/contract/errors.js';
import type { NumberFactName, Sample, TextFactName } from '../../../proto/contract/facts.js';

/** The samples of one run. What a source does not say is left out: unknown, neither zero nor healthy. */
export class Samples {
  readonly list: Sample[] = [];

  number(fact: NumberFactName, value: number | undefined, instance = ''): void {
    if (value !== undefined) this.list.push({ fact, instance, value });
  }

  flag(fact: NumberFactName, value: boolean | undefined, instance = ''): void {
    if (value !== undefined) this.list.push({ fact, instance, value: value ? 1 : 0 });
  }

  text(fact: TextFactName, value: string | undefined, instance = ''): void {
    if (value !== undefined && value !== '') this.list.push({ fact, instance, value });
  }
}

/**
 * A whole number of a kernel file.
 * @throws BrambleError `data-loss` naming what it should have been: a cut file must never turn into a smaller number.
 */
export function wholeNumber(digits: string | undefined, what: string): number {
  const value = Number(digits);
  if (digits === String(value) && value >= 0 && Number.isSafeInteger(value)) return value; // nearly always, and cheap
  if (digits !== undefined && /^\d+$/.test(digits)) return value; // leading zeros, or beyond what a number holds exactly
  throw new BrambleError('data-loss', `${what}: not a whole number: ${JSON.stringify((digits ?? '').slice(0, 32))}`);
}
