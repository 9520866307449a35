import { BrambleError } from '../../../proto/contract/errors.js';
import type { ConfigActuator } from '../node-config/machine.js';
import type { HelperCall } from './client.js';
import { type HelperRequest, parseReply, renderLine } from './protocol.js';

/** Units may take their time to start and stop; a file on a server that does not answer takes for ever. */
const CHANGE_TIMEOUT_MS = 180_000;
const LOOK_TIMEOUT_MS = 60_000;

/** Node configs of an unprivileged agent: the helper does all of it, in a process of its own, within a limit. */
export function makeHelperConfig(call: HelperCall): ConfigActuator {
  const ask = async (request: HelperRequest, timeoutMs: number, signal: AbortSignal): Promise<readonly string[]> => {
    const reply = parseReply(await call(renderLine(request), { signal, timeoutMs }));
    if (reply.ok) return reply.changes ?? [];
    throw new BrambleError(reply.code, reply.message, reply.hint === undefined ? {} : { hint: reply.hint });
  };
  return {
    apply: (revision, config, signal) => ask({ verb: 'apply-config', revision, config }, CHANGE_TIMEOUT_MS, signal),
    check: (config, signal) => ask({ verb: 'check-config', config }, LOOK_TIMEOUT_MS, signal),
    confirm: async (revision, signal) => {
      await ask({ verb: 'confirm-config', revision }, LOOK_TIMEOUT_MS, signal);
    },
    undo: (signal) => ask({ verb: 'undo-config' }, CHANGE_TIMEOUT_MS, signal),
  };
}
