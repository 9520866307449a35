import { type Principal, principalName, roleText } from './principal.js';

/** Who does something, from where, in which request: what is recorded of a change. */
export interface Actor {
  /** As principalName() renders it; `controller` for what the controller does by itself. */
  readonly name: string;
  /** Roles at that moment, in words. */
  readonly role: string;
  /** The door, and the remote address where there is one: "socket", "page 192.0.2.7". */
  readonly source: string;
  /** Empty when there was no request. */
  readonly requestId: string;
}

export function actorOf(principal: Principal, source: string, requestId: string): Actor {
  return { name: principalName(principal), role: roleText(principal), source, requestId };
}

/** The controller itself: a node that joins with a pre-approved token, say. */
export const CONTROLLER: Actor = { name: 'controller', role: 'controller', source: 'controller', requestId: '' };

/**
 * The healing of this controller. What it orders is sent once and never again: nobody's account has this name, so that nobody
 * "may still" have it done when an agent comes back, and a pause holds whatever was ordered before it.
 */
export const HEALING: Actor = { name: 'healing', role: 'controller', source: 'controller', requestId: '' };
