import { BrambleError } from '../../../proto/contract/errors.js';
import type { Exec, Services } from '../host/ports.js';
import { checkUnitName, readUnitState } from '../host/unit-state.js';
import { type HelperRequest, parseReply, renderLine } from './protocol.js';

/**
 * One line to the helper, its answer back; a connection of its own for each.
 * @throws BrambleError `unavailable` (nobody listens, no answer), `permission-denied`, `deadline-exceeded`, `cancelled`
 */
export type HelperCall = (
  line: string,
  limits: { readonly signal: AbortSignal; readonly timeoutMs: number },
) => Promise<string>;

/** A little more than the helper itself allows. */
const RESTART_TIMEOUT_MS = 5 * 60_000 + 10_000;
const REBOOT_TIMEOUT_MS = 40_000;

/** Services of an unprivileged agent: it looks for itself, and asks its helper to act. */
export function makeHelperServices(exec: Exec, call: HelperCall): Services {
  const ask = async (request: HelperRequest, timeoutMs: number, signal: AbortSignal): Promise<void> => {
    const reply = parseReply(await call(renderLine(request), { signal, timeoutMs }));
    if (reply.ok) return;
    throw new BrambleError(reply.code, reply.message, reply.hint === undefined ? {} : { hint: reply.hint });
  };
  return {
    state: (unit, signal) => readUnitState(exec, unit, signal),
    restart: async (unit, signal) => {
      checkUnitName(unit);
      await ask({ verb: 'restart-unit', unit }, RESTART_TIMEOUT_MS, signal);
    },
    reboot: (signal) => ask({ verb: 'reboot' }, REBOOT_TIMEOUT_MS, signal),
  };
}
