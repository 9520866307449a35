import { type ActionPolicy, hostHandlers } from '../../kit/actions/index.js';
import type { Handlers } from '../../kit/command/handler.js';
import { makeIdentify } from './identify.js';

/** What a Pi can be told to do: one entry per action of the contract. */
export function piHandlers(policy: ActionPolicy): Handlers {
  return { ...hostHandlers(policy), identify: makeIdentify() };
}
