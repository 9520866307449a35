import { type ActionArguments, type CommandHandler, PowerAction } from '../../agent/kit/command/handler.js';
import { OFF_MS } from '../power/cycle.js';
import { carriedOut, refused } from './ask.js';

type SwitchPower = ActionArguments<'switchPower'>;

const ACTIONS: ReadonlyMap<PowerAction, 'on' | 'off' | 'cycle'> = new Map([
  [PowerAction.ON, 'on' as const],
  [PowerAction.OFF, 'off' as const],
  [PowerAction.CYCLE, 'cycle' as const],
]);

/** Switches the power of a port. A cycle that is cut off is finished by the switch itself, whatever becomes of the agent. */
export function makeSwitchPower(): CommandHandler<SwitchPower> {
  return {
    requiresBootId: true,
    async check({ action, port, offMs }) {
      const name = ACTIONS.get(action);
      if (name === undefined) return refused('unsupported', 'an unknown way to switch power');
      if (!/^[a-z][a-z0-9_-]{0,14}$/.test(port)) return refused('invalid-argument', 'not the name of a port');
      if (name !== 'cycle' || (offMs >= OFF_MS.min && offMs <= OFF_MS.max)) return undefined;
      return refused('invalid-argument', `a port is off for ${OFF_MS.min} to ${OFF_MS.max} ms`);
    },
    before: async () => '',
    run: ({ port, action, offMs, bootLeaseId }, context, signal) =>
      carriedOut(context, { kind: 'power', port, action: ACTIONS.get(action), offMs, bootLeaseId }, signal),
    observe: async ({ port, action }) => {
      if (ACTIONS.get(action) !== 'cycle') return { kind: 'unknown', detail: `look at ${port}` };
      return { kind: 'unknown', detail: `whether ${port} was off is not known; the switch sees to it that it is on` };
    },
  };
}
