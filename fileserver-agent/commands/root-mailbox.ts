import {
  type ActionArguments,
  type ActionHost,
  type CommandHandler,
  MailboxVerb,
  type Outcome,
} from '../../agent/kit/command/handler.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { MailboxVerb as MailboxWord } from '../../proto/contract/netboot/mailbox.js';
import { isBoardSerial } from '../../proto/contract/netboot/parse.js';
import { visible } from '../../proto/contract/visible.js';
import { askRoots, askRootsInTurn } from '../roots/ask.js';

/** A board looks every 30 s, its NFS client believes for up to 60 s that there is nothing new, and a unit takes its time. */
const ANSWER_WITHIN_MS = 150_000;
const LOOK_EVERY_MS = 5_000;
const WORDS: ReadonlyMap<MailboxVerb, MailboxWord> = new Map([[MailboxVerb.RESTART_AGENT, 'restart-agent' as const]]);

type RootMailbox = ActionArguments<'rootMailbox'>;

/** Leaves a request in a board's root, and waits for the board's answer. The id of the command is that of the request. */
export function makeRootMailbox(): CommandHandler<RootMailbox> {
  return {
    requiresBootId: false,
    isAside: true, // it waits, mostly
    check: async ({ serial, verb }) => {
      if (!WORDS.has(verb)) return { kind: 'rejected', reason: 'unsupported', detail: 'no such request is known here' };
      if (isBoardSerial(serial)) return undefined;
      return { kind: 'rejected', reason: 'invalid-argument', detail: 'not the last eight digits of a serial number' };
    },
    before: async () => '',
    run: ({ serial, verb }, context, signal) =>
      inWords(signal, async () => {
        const { host, commandId: id } = context;
        const word = WORDS.get(verb) ?? 'restart-agent';
        const request = { id, verb: word, atMs: Math.max(0, Math.floor(host.clock.nowMs())) };
        await askRootsInTurn(host, { kind: 'leave-request', serial, ...request }, signal);
        return await answered(serial, context, signal);
      }),
    observe: ({ serial }, _before, context, signal) => inWords(signal, () => answered(serial, context, signal)),
  };
}

async function answered(serial: string, { host, commandId }: ActionHost, signal: AbortSignal): Promise<Outcome> {
  const startedMs = host.clock.monotonicMs();
  for (;;) {
    const { answer } = await askRoots(host.machine, { kind: 'read-answer', serial }, signal);
    if (answer?.id === commandId && answer.state !== 'begun') {
      const detail = `board ${serial}: ${visible(answer.detail, 300)}`;
      return { kind: answer.state === 'done' ? 'succeeded' : 'failed', detail };
    }
    if (host.clock.monotonicMs() - startedMs >= ANSWER_WITHIN_MS) {
      const what = answer?.id === commandId ? 'began it and did not end it' : 'did not look into its mailbox';
      const detail = `board ${serial} ${what} within ${ANSWER_WITHIN_MS / 1000} s (bramble-agent-mailbox.timer of its image does)`;
      return { kind: 'failed', detail };
    }
    await host.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

async function inWords(signal: AbortSignal, work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw error;
    const { message, hint } = BrambleError.from(error);
    return { kind: 'failed', detail: hint === undefined ? message : `${message} (${hint})` };
  }
}
