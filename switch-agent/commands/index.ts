import { type ActionPolicy, hostHandlers } from '../../agent/kit/actions/index.js';
import type { Handlers } from '../../agent/kit/command/handler.js';
import { makeSwitchApply, makeSwitchConfirm, makeSwitchRollBack } from './switch-change.js';
import { makeSwitchPower } from './switch-power.js';

/** What a switch can be told to do: one entry per action of the contract. */
export function switchHandlers(policy: ActionPolicy): Handlers {
  return {
    ...hostHandlers(policy),
    switchApply: makeSwitchApply(),
    switchConfirm: makeSwitchConfirm(),
    switchRollBack: makeSwitchRollBack(),
    switchPower: makeSwitchPower(),
  };
}
