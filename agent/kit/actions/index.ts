import type { Handlers } from '../command/handler.js';
import type { DiagnosePolicy } from '../diagnose/sections.js';
import { makeDiagnose } from './diagnose.js';
import { makeReboot } from './reboot.js';
import { makeRemount } from './remount.js';
import { makeRestartUnit } from './restart-unit.js';
import { makeStepClock } from './step-clock.js';

/** What the node's own configuration allows, whatever the controller says. */
export interface ActionPolicy extends DiagnosePolicy {
  readonly allowedUnits: readonly string[];
  readonly allowedMounts: readonly string[];
}

/** What every node can be told to do. */
export function hostHandlers(policy: ActionPolicy): Handlers {
  const { allowedUnits, allowedMounts } = policy;
  return {
    restartUnit: makeRestartUnit(new Set(allowedUnits)),
    reboot: makeReboot(),
    remount: makeRemount(new Set(allowedMounts)),
    stepClock: makeStepClock(),
    diagnose: makeDiagnose(policy),
  };
}
