import {
  type ActionArguments,
  type ActionHost,
  type CommandHandler,
  type Outcome,
  type Refusal,
  ScrubAction,
} from '../../agent/kit/command/handler.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { type MdArray, readMdArrays } from '../collectors/md-array.js';
import { findHindrances, judgeInterlock } from '../raid/interlock.js';

type RaidScrub = ActionArguments<'raidScrub'>;

const SETTLE_MS = 20_000;
const LOOK_EVERY_MS = 500;

/** Starts or ends a check of an array. It is done when the kernel says that it runs, or no longer runs; its findings are facts. */
export function makeRaidScrub(): CommandHandler<RaidScrub> {
  return {
    requiresBootId: false,
    check: async (args, context) => judge(args, context),
    before: async ({ array }, { host }) => findArray(host.kernel, array)?.sync?.action ?? '',
    async run(args, context, signal) {
      const action = args.action === ScrubAction.START ? 'check' : 'idle';
      try {
        await context.host.machine.raid({ kind: 'sync', array: args.array, action }, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        return { kind: 'failed', detail: BrambleError.from(error).message };
      }
      return settled(args, context, signal);
    },
    observe: async (args, _, { host }) => outcomeOf(args, findArray(host.kernel, args.array)),
  };
}

function judge({ array: name, action }: RaidScrub, { host, agent }: ActionHost): Refusal | undefined {
  const refused = (reason: Refusal['reason'], detail: string): Refusal => ({ kind: 'rejected', reason, detail });
  if (action !== ScrubAction.START && action !== ScrubAction.STOP)
    return refused('unsupported', 'an unknown kind of scrub');
  const array = findArray(host.kernel, name);
  if (array === undefined) return refused('precondition', `there is no array ${JSON.stringify(name.slice(0, 40))}`);
  if (array.sync === undefined) return refused('precondition', `${name} has no redundancy that could be checked`);
  if (action === ScrubAction.STOP) {
    return array.sync.action === 'check' ? undefined : refused('precondition', `no check of ${name} runs`);
  }
  if (array.sync.action !== 'idle') return refused('precondition', `${name} is busy: ${array.sync.action}`);
  return judgeInterlock('a check', findHindrances(host.kernel, agent.samples()));
}

/** Once the kernel shows what was asked for, or when it has had the time to. */
async function settled(args: RaidScrub, { host }: ActionHost, signal: AbortSignal): Promise<Outcome> {
  const startedMs = host.clock.monotonicMs();
  for (;;) {
    const outcome = outcomeOf(args, findArray(host.kernel, args.array));
    if (outcome.kind === 'succeeded' || host.clock.monotonicMs() - startedMs >= SETTLE_MS) return outcome;
    await host.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

function outcomeOf({ array: name, action }: RaidScrub, array: MdArray | undefined): Outcome {
  const now = array?.sync?.action;
  if (now === undefined) return { kind: 'unknown', detail: `${name} does not tell what it does` };
  const isChecking = now === 'check';
  if (action === ScrubAction.START) {
    if (isChecking) return { kind: 'succeeded', detail: `${name} is checked; RaidMismatch tells what it found` };
    return { kind: 'unknown', detail: `no check of ${name} runs: it was not begun, or is over already` };
  }
  if (isChecking) return { kind: 'failed', detail: `${name} is still checked` };
  return { kind: 'succeeded', detail: `no check of ${name} runs` };
}

export function findArray(kernel: Parameters<typeof readMdArrays>[0], name: string): MdArray | undefined {
  return readMdArrays(kernel).find((array) => array.name === name);
}
