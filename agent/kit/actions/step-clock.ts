import { BrambleError } from '../../../proto/contract/errors.js';
import { renderDuration } from '../../../proto/contract/words.js';
import type { ActionArguments, ActionHost, CommandHandler, Outcome } from '../command/handler.js';
import { findTimeService } from '../machine/time-service.js';

type StepClock = ActionArguments<'stepClock'>;

/** A clock this close to the controller's is right: what a Welcome takes to arrive is in it. */
const NEAR_MS = 2_000;
/** A time service that was started anew asks its servers first. Counted by the monotonic clock, ms. */
const SETTLE_MS = 90_000;
const LOOK_EVERY_MS = 1_000;

/**
 * Has the node's own time service step the clock. Whether that helped is judged by the controller's clock, carried on by the
 * monotonic one, and by the clock floor. Doing it again does no harm.
 */
export function makeStepClock(): CommandHandler<StepClock> {
  return {
    requiresBootId: false,
    async check(_, { host }, signal) {
      try {
        await findTimeService(host.services, signal);
        return undefined;
      } catch (error) {
        const { code, message } = BrambleError.from(error);
        if (code !== 'unsupported') throw error;
        return { kind: 'rejected', reason: 'unsupported', detail: message };
      }
    },
    before: async (_, { agent }) => String(agent.controllerOffsetMs() ?? ''),
    async run(_, context, signal) {
      const { host, agent } = context;
      const beforeMs = agent.controllerOffsetMs();
      try {
        await host.machine.stepClock(signal);
      } catch (error) {
        if (signal.aborted) throw error;
        return { kind: 'failed', detail: `asking the time service: ${BrambleError.from(error).message}` };
      }
      return judge(beforeMs, context, signal);
    },
    async observe(_, before, context, signal) {
      return judge(before === '' ? undefined : Number(before), context, signal);
    },
  };
}

/** Waits until the clock is right, or long enough. */
async function judge(beforeMs: number | undefined, context: ActionHost, signal: AbortSignal): Promise<Outcome> {
  const { clock } = context.host;
  const startedMs = clock.monotonicMs();
  while (!isRight(context) && clock.monotonicMs() - startedMs < SETTLE_MS) await clock.sleep(LOOK_EVERY_MS, signal);
  const offsetMs = context.agent.controllerOffsetMs();
  if (offsetMs === undefined) return { kind: 'unknown', detail: 'the time of the controller is not known here' };
  const was = beforeMs === undefined ? '' : `, was ${offsetWords(beforeMs)}`;
  if (isRight(context)) return { kind: 'succeeded', detail: `the clock is ${offsetWords(offsetMs)}${was}` };
  if (context.agent.clockUntrusted()) {
    const detail = `the clock shows a time that has certainly passed: it is ${offsetWords(offsetMs)}${was}`;
    return { kind: 'failed', detail };
  }
  return { kind: 'failed', detail: `the time service has left the clock ${offsetWords(offsetMs)}${was}` };
}

function isRight({ agent }: ActionHost): boolean {
  const offsetMs = agent.controllerOffsetMs();
  return offsetMs !== undefined && Math.abs(offsetMs) <= NEAR_MS && !agent.clockUntrusted();
}

function offsetWords(offsetMs: number): string {
  const size = Math.abs(offsetMs);
  const words = size < 10_000 ? `${size} ms` : renderDuration(size);
  return `${words} ${offsetMs < 0 ? 'behind' : 'ahead of'} the controller`;
}
