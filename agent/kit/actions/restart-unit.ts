import { BrambleError } from '../../../proto/contract/errors.js';
import type { ActionArguments, ActionHost, CommandHandler, Outcome, Refusal } from '../command/handler.js';
import type { ServiceState } from '../host/ports.js';
import { isUnitName } from '../host/unit-name.js';

type RestartUnit = ActionArguments<'restartUnit'>;

/** How long a unit may take from one settled state to the next before nothing can be said about it, ms. */
const SETTLE_MS = 90_000;
const LOOK_EVERY_MS = 1_000;

/** Restarts one unit that the node's own configuration allows. Whether it happened shows in its invocation id. */
export function makeRestartUnit(allowedUnits: ReadonlySet<string>): CommandHandler<RestartUnit> {
  return {
    requiresBootId: false,
    check: ({ unit }, context, signal) => check(unit, allowedUnits, context, signal),
    async before({ unit }, { host }, signal) {
      return (await host.services.state(unit, signal)).invocationId;
    },
    async run({ unit }, { host }, signal) {
      try {
        await host.services.restart(unit, signal);
      } catch (error) {
        return failedUnlessOver(error, unit, signal);
      }
      return restarted(unit, await settled(unit, { host }, signal));
    },
    async observe({ unit }, before, context, signal) {
      return judge(unit, before, await settled(unit, context, signal));
    },
  };
}

async function check(
  unit: string,
  allowedUnits: ReadonlySet<string>,
  { host }: ActionHost,
  signal: AbortSignal,
): Promise<Refusal | undefined> {
  if (!isUnitName(unit)) {
    return {
      kind: 'rejected',
      reason: 'invalid-argument',
      detail: `not a unit name: ${JSON.stringify(unit.slice(0, 64))}`,
    };
  }
  if (!allowedUnits.has(unit)) {
    return { kind: 'rejected', reason: 'not-allowed', detail: `allowedUnits of this node does not name ${unit}` };
  }
  try {
    await host.services.state(unit, signal);
    return undefined;
  } catch (error) {
    const { code, message } = BrambleError.from(error);
    if (code === 'not-found') return { kind: 'rejected', reason: 'precondition', detail: message };
    if (code === 'unsupported') return { kind: 'rejected', reason: 'unsupported', detail: message };
    throw error;
  }
}

/** A restart that the agent's own end cut off is not over: it is settled by observe() when the agent is back. */
function failedUnlessOver(error: unknown, unit: string, signal: AbortSignal): Outcome {
  if (signal.aborted) throw error;
  return { kind: 'failed', detail: `restarting ${unit}: ${BrambleError.from(error).message}` };
}

/** The state once the service manager is done with the unit, or the last one seen. */
async function settled(unit: string, { host }: Pick<ActionHost, 'host'>, signal: AbortSignal): Promise<ServiceState> {
  const startedMs = host.clock.monotonicMs();
  for (;;) {
    const state = await host.services.state(unit, signal);
    if (!isChanging(state) || host.clock.monotonicMs() - startedMs >= SETTLE_MS) return state;
    await host.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

function isChanging({ active }: ServiceState): boolean {
  return active === 'activating' || active === 'deactivating' || active === 'reloading';
}

function judge(unit: string, before: string, now: ServiceState): Outcome {
  if (now.invocationId === before) {
    // The same start still runs, or is still being stopped: then a restart may yet come.
    if (isChanging(now)) return { kind: 'unknown', detail: `${unit} is ${now.active} since before the command` };
    return { kind: 'failed', detail: `${unit} was not restarted; it is ${now.active}` };
  }
  if (now.invocationId === '') return { kind: 'unknown', detail: `${unit} has not run since the machine started` };
  return restarted(unit, now);
}

/** A unit that runs once and ends (oneshot) is inactive afterwards: that is a success. */
function restarted(unit: string, now: ServiceState): Outcome {
  const isWell = now.active !== 'failed' && !isChanging(now);
  return { kind: isWell ? 'succeeded' : 'failed', detail: `${unit} was restarted and is ${now.active}` };
}
