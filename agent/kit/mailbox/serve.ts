import type { Clock } from '../../../proto/contract/clock.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import {
  ANSWER_FILE,
  type MailboxAnswer,
  parseMailboxAnswer,
  REQUEST_FILE,
  renderMailboxAnswer,
} from '../../../proto/contract/netboot/mailbox.js';
import type { Files, Services } from '../host/ports.js';
import { judgeMailbox } from './judge.js';

export interface MailboxParts {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly services: Pick<Services, 'state' | 'restart'>;
  readonly files: Pick<Files, 'readText' | 'writeAtomic' | 'remove'>;
  /** `undefined` when there is none. @throws BrambleError `failed-precondition` for what others than root may have written */
  readonly readRequest: () => Promise<string | undefined>;
  /** Of the agent. */
  readonly unit: string;
}

/**
 * Does what the mailbox asks for, once: that it is begun is on storage before it is, and what a crash cut off is settled by
 * looking. Answers in words for the journal, empty when there was nothing.
 * @throws BrambleError of the storage: then nothing was begun, or it is settled by the next look
 */
export async function serveMailbox(parts: MailboxParts, signal: AbortSignal): Promise<string> {
  const { clock, files } = parts;
  const last = parseMailboxAnswer(await files.readText(ANSWER_FILE));
  let text: string | undefined;
  try {
    text = await parts.readRequest();
  } catch (error) {
    if (BrambleError.from(error).code !== 'failed-precondition') throw error;
    return await dropped(parts, BrambleError.from(error).message);
  }
  const step = judgeMailbox(text, last, clock.nowMs());
  switch (step.kind) {
    case 'nothing':
      return '';
    case 'drop':
      return await dropped(parts, step.why);
    case 'refuse':
      return await answered(parts, { id: step.id, state: 'refused', detail: step.why });
    case 'settle':
      return await answered(parts, await settle(parts, step, signal));
    case 'restart-agent':
      return await answered(parts, await restart(parts, step.id, signal));
  }
}

async function restart(
  { services, files, unit }: MailboxParts,
  id: string,
  signal: AbortSignal,
): Promise<MailboxAnswer> {
  try {
    const { invocationId } = await services.state(unit, signal);
    const begun = renderMailboxAnswer({ id, state: 'begun', detail: invocationId });
    await files.writeAtomic(ANSWER_FILE, begun);
  } catch (error) {
    if (BrambleError.from(error).code === 'not-found') return failed(id, error);
    throw error;
  }
  try {
    await services.restart(unit, signal);
    const { active } = await services.state(unit, signal);
    const isWell = active === 'active' || active === 'activating';
    return { id, state: isWell ? 'done' : 'failed', detail: `${unit} was restarted and is ${active}` };
  } catch (error) {
    return failed(id, error);
  }
}

async function settle(
  { services, unit }: MailboxParts,
  { id, before }: { readonly id: string; readonly before: string },
  signal: AbortSignal,
): Promise<MailboxAnswer> {
  const { active, invocationId } = await services.state(unit, signal);
  if (invocationId === before) return { id, state: 'failed', detail: `it was cut off; ${unit} was not restarted` };
  return { id, state: 'done', detail: `${unit} was started since and is ${active}` };
}

/** The answer is on storage before the request goes: a crash between the two is a request that was answered before. */
async function answered({ files }: MailboxParts, answer: MailboxAnswer): Promise<string> {
  await files.writeAtomic(ANSWER_FILE, renderMailboxAnswer(answer));
  await files.remove(REQUEST_FILE);
  return `request ${answer.id} ${answer.state}: ${answer.detail}`;
}

async function dropped({ files }: MailboxParts, why: string): Promise<string> {
  await files.remove(REQUEST_FILE);
  return `what lay in the mailbox was removed: ${why}`;
}

function failed(id: string, error: unknown): MailboxAnswer {
  return { id, state: 'failed', detail: BrambleError.from(error).message };
}
