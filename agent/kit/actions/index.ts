import type { Handlers } from '../command/handler.js';
import { makeReboot } from './reboot.js';
import { makeRestartUnit } from './restart-unit.js';

/** What every node can be told to do. */
export function hostHandlers(policy: { readonly allowedUnits: readonly string[] }): Handlers {
  return { restartUnit: makeRestartUnit(new Set(policy.allowedUnits)), reboot: makeReboot() };
}
