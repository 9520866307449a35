import type { ActionArguments, CommandHandler } from '../../agent/kit/command/handler.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { parseSwitchPlan } from '../../proto/contract/switch/parse-plan.js';
import { blockingFindings, preflight } from '../../proto/contract/switch/preflight.js';
import { renderInterfaces } from '../../proto/contract/switch/render-interfaces.js';
import { CONFIRM_MS } from '../actuator/orders.js';
import { askStatus, carriedOut, refused } from './ask.js';

type SwitchApply = ActionArguments<'switchApply'>;

/** Puts a plan in place, on trial. It has succeeded when the switch has verified it from inside; it stays once it is confirmed. */
export function makeSwitchApply(): CommandHandler<SwitchApply> {
  return {
    requiresBootId: true,
    async check({ plan, confirmWithinMs }) {
      if (confirmWithinMs < CONFIRM_MS.min || confirmWithinMs > CONFIRM_MS.max) {
        return refused('invalid-argument', `${confirmWithinMs} ms is no time to confirm in`);
      }
      try {
        const found = blockingFindings(preflight(parseSwitchPlan(JSON.parse(plan)), undefined));
        return found[0] === undefined ? undefined : refused('not-allowed', found[0].message);
      } catch (error) {
        return refused('invalid-argument', BrambleError.from(error).message.slice(0, 500));
      }
    },
    before: async () => '',
    run: ({ plan, confirmWithinMs }, context, signal) => {
      const order = { kind: 'apply', changeId: context.commandId, plan: parseJson(plan), confirmWithinMs };
      return carriedOut(context, order, signal);
    },
    async observe({ plan }, _, context, signal) {
      const status = await askStatus(context, signal);
      if (status.changeId === context.commandId) {
        const isOn = status.phase === 'on-trial';
        return { kind: isOn ? 'succeeded' : 'failed', detail: `the change is ${status.phase}; ${status.why}` };
      }
      const isThere = status.interfaces === renderInterfaces(parseSwitchPlan(parseJson(plan)));
      return { kind: isThere ? 'succeeded' : 'failed', detail: isThere ? 'it is in place' : 'it is not in place' };
    },
  };
}

type SwitchConfirm = ActionArguments<'switchConfirm'>;

export function makeSwitchConfirm(): CommandHandler<SwitchConfirm> {
  return {
    requiresBootId: false,
    check: async () => undefined,
    before: async () => '',
    run: ({ changeId }, context, signal) => carriedOut(context, { kind: 'confirm', changeId }, signal),
    async observe({ changeId }, _, context, signal) {
      const { changeId: open, phase } = await askStatus(context, signal);
      if (open === changeId) return { kind: 'failed', detail: `the change is still open (${phase})` };
      // Confirmed and taken back both leave nothing open: the file tells, which the controller compares.
      return { kind: 'unknown', detail: 'the change is no longer on trial: look whether it stayed' };
    },
  };
}

type SwitchRollBack = ActionArguments<'switchRollBack'>;

export function makeSwitchRollBack(): CommandHandler<SwitchRollBack> {
  return {
    requiresBootId: false,
    check: async () => undefined,
    before: async () => '',
    run: ({ changeId }, context, signal) => carriedOut(context, { kind: 'roll-back', changeId }, signal),
    async observe({ changeId }, _, context, signal) {
      const { changeId: open, phase } = await askStatus(context, signal);
      if (open === changeId) return { kind: 'failed', detail: `the change is still open (${phase})` };
      return { kind: 'succeeded', detail: 'the change is no longer on trial' };
    },
  };
}

function parseJson(text: string): unknown {
  return JSON.parse(text);
}
