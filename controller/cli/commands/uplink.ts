import { type Command, InvalidArgumentError } from 'commander';
import type { UplinkBudget } from '../../../proto/contract/api/fleet.js';
import { BrambleError } from '../../../proto/contract/errors.js';

export interface UplinkOptions {
  readonly down?: number;
  readonly up?: number;
  readonly monthly?: number;
}

export function withUplinkOptions(command: Command): Command {
  return command
    .option('--down <rate>', 'what its uplink bears, such as 50M or 1G (bit/s)', quantity)
    .option('--up <rate>', 'the other direction', quantity)
    .option('--monthly <bytes>', 'what may pass in a month, such as 500G', quantity);
}

/**
 * Undefined when nothing was said of it.
 * @throws BrambleError `invalid-argument` for an uplink that is only half told
 */
export function uplinkOf({ down, up, monthly }: UplinkOptions): UplinkBudget | undefined {
  if ((down === undefined) !== (up === undefined) || (monthly !== undefined && down === undefined)) {
    throw new BrambleError('invalid-argument', 'an uplink has two directions', {
      hint: 'give --down and --up together',
    });
  }
  if (down === undefined || up === undefined) return undefined;
  return { downBitsPerS: down, upBitsPerS: up, ...(monthly === undefined ? {} : { monthlyBytes: monthly }) };
}

const FACTORS = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 } as const;

/** "50M" -> 50000000. */
function quantity(text: string): number {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)([kMGT]?)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('It must be a number with k, M, G or T, such as 50M.');
  const factor = match[2] as keyof typeof FACTORS; // the pattern lets nothing else through
  return Math.round(Number(match[1]) * FACTORS[factor]);
}
