import { visible } from '../../proto/contract/visible.js';
import { refusedBySafetyGate } from './errors.js';
import { spelledOut } from './lookalike.js';

/**
 * Severe verbs are typed twice: what is confirmed must be the name, letter by letter. The refusal shows what would be done
 * to what, spelled out where a letter only looks like the one that was typed.
 * @throws BrambleError refused by the safety gate
 */
export function assertConfirmed(
  { name, would, also = '' }: { readonly name: string; readonly would: string; readonly also?: string },
  confirmed: string | undefined,
): void {
  if (confirmed === name) return;
  const shown = spelledOut(visible(name));
  throw refusedBySafetyGate(
    confirmed === undefined
      ? `this would ${would} ${shown}${also}; it was not confirmed`
      : `--confirm names another than ${shown}${also}`,
    `say so with --confirm=${visible(name)}`,
  );
}
