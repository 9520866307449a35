import { BrambleError } from '../../../proto/contract/errors.js';
import type { NodeConfig } from '../../../proto/contract/node-config/config.js';
import { parseNodeConfig } from '../../../proto/contract/node-config/parse.js';
import type { ConfigActuator, ConfigAllowance } from '../node-config/machine.js';

/** What an agent may ask about node configs: typed values, never a path or a text for a file. */
export type ConfigRequest =
  | { readonly verb: 'apply-config'; readonly revision: number; readonly config: NodeConfig }
  | { readonly verb: 'check-config'; readonly config: NodeConfig }
  | { readonly verb: 'confirm-config'; readonly revision: number }
  | { readonly verb: 'undo-config' };

export const CONFIG_FIELDS = {
  'apply-config': ['revision', 'config'],
  'check-config': ['config'],
  'confirm-config': ['revision'],
  'undo-config': [],
} as const satisfies Record<ConfigRequest['verb'], readonly string[]>;

/** Of a line with a config, whose lists of keys are long. The config itself has a limit below it. */
export const CONFIG_LINE_LIMIT_BYTES = 64 * 1024;

const CHANGES_MAX = 20;
const CHANGE_CHARACTERS_MAX = 160;

export function isConfigVerb(verb: string): verb is ConfigRequest['verb'] {
  return Object.hasOwn(CONFIG_FIELDS, verb);
}

/** @throws BrambleError `invalid-argument` naming everything that is wrong */
export function parseConfigRequest(
  verb: ConfigRequest['verb'],
  { revision, config }: Readonly<Record<string, unknown>>,
): ConfigRequest {
  switch (verb) {
    case 'apply-config':
      return { verb, revision: revisionOf(revision), config: parseNodeConfig(config) };
    case 'check-config':
      return { verb, config: parseNodeConfig(config) };
    case 'confirm-config':
      return { verb, revision: revisionOf(revision) };
    case 'undo-config':
      return { verb };
  }
}

/** Answers with what changed or differs, in as many words as an answer has room for. */
export async function carryOutConfig(
  request: ConfigRequest,
  actuator: ConfigActuator,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const changes = await ask(request, actuator, signal);
  return changes.slice(0, CHANGES_MAX).map((change) => change.slice(0, CHANGE_CHARACTERS_MAX));
}

/** Makes the actuator that a list allows; nothing of it is there before a config is asked about. */
export type ConfigActuatorMaker = (allowance: ConfigAllowance) => Promise<ConfigActuator>;

async function ask(request: ConfigRequest, actuator: ConfigActuator, signal: AbortSignal): Promise<readonly string[]> {
  switch (request.verb) {
    case 'apply-config':
      return actuator.apply(request.revision, request.config, signal);
    case 'check-config':
      return actuator.check(request.config, signal);
    case 'confirm-config':
      await actuator.confirm(request.revision, signal);
      return [];
    case 'undo-config':
      return actuator.undo(signal);
  }
}

function revisionOf(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new BrambleError('invalid-argument', 'helper request refused: revision must be a whole number above 0');
}
