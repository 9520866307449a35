import type { OwnProgram } from '../../agent/kit/program/agent-program.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { startStaggered } from '../power/start.js';
import type { ActuatorHost, KeeperDuty } from './host.js';
import { carryOutOrder, parseOrder } from './orders.js';
import { parseSwitchPolicy, type SwitchPolicy } from './policy.js';
import { keep } from './settle.js';

export const POLICY_PATH = '/etc/bramble/switch-policy.json';

export interface SwitchProgramOptions {
  /** Made when it is needed: most processes of the agent have no use for it. */
  readonly makeHost: () => ActuatorHost;
  /** Content of root's own policy file; refuses a file that somebody else could have written. */
  readonly readPolicy: () => Promise<string>;
}

/** The part of the switch agent that acts with root's rights. */
export function makeSwitchProgram({ makeHost, readPolicy }: SwitchProgramOptions): OwnProgram {
  const policy = async (): Promise<SwitchPolicy> => parseSwitchPolicy(await readPolicy(), POLICY_PATH);
  return {
    orders: () => async (text, signal) => {
      const order = parseOrder(text);
      return carryOutOrder(makeHost(), order, await policy(), signal);
    },
    keep: (text, tell, signal) => {
      const duty = parseDuty(text);
      if (duty.kind === 'start') return startStaggered(makeHost(), { readPolicy: policy, tell }, signal);
      return keep(makeHost(), { duty, readPolicy: policy, tell }, signal);
    },
  };
}

/** As it stands on the command line of a keeper. */
export function renderDuty(duty: KeeperDuty): string {
  if (duty.kind === 'everything') return '';
  if (duty.kind === 'start') return 'start';
  return duty.kind === 'change' ? `change:${duty.changeId}` : `port:${duty.port}`;
}

function parseDuty(text: string): KeeperDuty {
  if (text === '') return { kind: 'everything' };
  if (text === 'start') return { kind: 'start' };
  const [, kind, name = ''] = /^(change|port):([\w-]{1,64})$/.exec(text) ?? [];
  if (kind === 'change') return { kind, changeId: name };
  if (kind === 'port') return { kind, port: name };
  throw new BrambleError('invalid-argument', `nothing to keep is called ${JSON.stringify(text.slice(0, 80))}`);
}
