import type { CommandHandler, Handlers } from '../command/handler.js';
import type { DiagnosePolicy } from '../diagnose/sections.js';
import { makeDiagnose } from './diagnose.js';
import { makeReboot } from './reboot.js';
import { makeRemount } from './remount.js';
import { makeRestartUnit } from './restart-unit.js';
import { makeStayAway } from './stay-away.js';
import { makeStepClock } from './step-clock.js';

/** What the node's own configuration allows, whatever the controller says. */
export interface ActionPolicy extends DiagnosePolicy {
  readonly allowedUnits: readonly string[];
  readonly allowedMounts: readonly string[];
  /** Most commands that are begun within an hour; absent = no limit. */
  readonly actionsPerHour?: number | undefined;
}

/**
 * The same handlers, of which none begins anything once `actionsPerHour` commands were begun within an hour: a limit that the
 * node's own configuration sets, whatever the controller says.
 */
export function limitHandlers(handlers: Handlers, { actionsPerHour }: ActionPolicy): Handlers {
  if (actionsPerHour === undefined) return handlers;
  const entries = Object.entries(handlers).map(([name, handler]) => [name, limited(handler, actionsPerHour)] as const);
  return Object.fromEntries(entries); // the same names with handlers of the same arguments
}

function limited<Arguments>(handler: CommandHandler<Arguments>, perHour: number): CommandHandler<Arguments> {
  return {
    ...handler,
    check: async (args, context, signal) => {
      const begunCount = context.agent.begunLastHourCount();
      if (begunCount < perHour) return handler.check(args, context, signal);
      const detail = `${begunCount} commands were begun within the last hour; actionsPerHour of this node is ${perHour}`;
      return { kind: 'rejected', reason: 'not-allowed', detail };
    },
  };
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
    stayAway: makeStayAway(),
  };
}
