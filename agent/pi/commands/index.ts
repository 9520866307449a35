import { hostHandlers } from '../../kit/actions/index.js';
import type { Handlers } from '../../kit/command/handler.js';

/** What a Pi can be told to do: one entry per action of the contract. */
export function piHandlers(policy: { readonly allowedUnits: readonly string[] }): Handlers {
  return { ...hostHandlers(policy) };
}
