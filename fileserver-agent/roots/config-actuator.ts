import type { ConfigActuator } from '../../agent/kit/node-config/machine.js';
import type { ActingHost } from '../../agent/kit/program/agent-program.js';
import type { RootsOrder } from '../../agent/kit/roots/orders.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeConfig } from '../../proto/contract/node-config/config.js';
import { askRootsInTurn } from './ask.js';

/** Node configs of a fileserver: its boot ports by whoever keeps the roots, everything else by `base`. */
export function makeBootSetActuator(host: ActingHost, base: ConfigActuator | undefined): ConfigActuator {
  const ask = async (order: RootsOrder, signal: AbortSignal): Promise<readonly string[]> =>
    (await askRootsInTurn(host, order, signal)).changes;
  /** Where no roots are kept there is nothing to settle. */
  const settle = async (kind: 'confirm' | 'undo', signal: AbortSignal): Promise<readonly string[]> => {
    try {
      return await ask({ kind }, signal);
    } catch (thrown) {
      if (BrambleError.from(thrown).code === 'unsupported') return [];
      throw thrown;
    }
  };
  return {
    apply: async (revision, { bootSet, ...rest }, signal) => {
      const changes = bootSet === undefined ? [] : await ask({ kind: 'apply', set: bootSet }, signal);
      try {
        return [...changes, ...((await actuatorOf(rest, base)?.apply(revision, rest, signal)) ?? [])];
      } catch (thrown) {
        await settle('undo', signal); // all or nothing
        throw thrown;
      }
    },
    check: async ({ bootSet, ...rest }, signal) => [
      ...(bootSet === undefined ? [] : await ask({ kind: 'check', set: bootSet }, signal)),
      ...((await actuatorOf(rest, base)?.check(rest, signal)) ?? []),
    ],
    confirm: async (revision, signal) => {
      await settle('confirm', signal);
      await base?.confirm(revision, signal);
    },
    undo: async (signal) => [...(await settle('undo', signal)), ...((await base?.undo(signal)) ?? [])],
  };
}

/** @throws BrambleError `unsupported` for parts that nobody could put in place */
function actuatorOf(rest: NodeConfig, base: ConfigActuator | undefined): ConfigActuator | undefined {
  if (base !== undefined || Object.keys(rest).length === 0) return base;
  throw new BrambleError('unsupported', 'this agent has no privileged helper that could apply a config');
}
