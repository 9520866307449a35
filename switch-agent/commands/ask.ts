import type { ActionHost, Outcome, Refusal } from '../../agent/kit/command/handler.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { SwitchStatus } from '../actuator/orders.js';

export const refused = (reason: Refusal['reason'], detail: string): Refusal => ({ kind: 'rejected', reason, detail });

/** Has the part with root's rights do it. What it refuses is a failure in its words; a cut answer is settled by looking. */
export async function carriedOut(
  { host }: ActionHost,
  order: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    return { kind: 'succeeded', detail: await host.machine.own(JSON.stringify(order), signal) };
  } catch (error) {
    if (signal.aborted) throw error;
    const { message, hint } = BrambleError.from(error);
    return { kind: 'failed', detail: hint === undefined ? message : `${message} (${hint})` };
  }
}

/** @throws BrambleError as the order does */
export async function askStatus({ host }: Pick<ActionHost, 'host'>, signal: AbortSignal): Promise<SwitchStatus> {
  return parseStatus(await host.machine.own('{"kind":"status"}', signal));
}

/** @throws BrambleError `data-loss` for what no helper of ours answers */
export function parseStatus(text: string): SwitchStatus {
  try {
    const value: unknown = JSON.parse(text);
    if (isStatus(value)) return value;
  } catch {
    // Said below.
  }
  throw new BrambleError('data-loss', 'the helper answered something else than the status of the switch');
}

function isStatus(value: unknown): value is SwitchStatus {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Partial<Record<keyof SwitchStatus, unknown>> = value;
  const texts = [fields.changeId, fields.phase, fields.why, fields.interfaces];
  const isDrift = Array.isArray(fields.drift) && fields.drift.every((each) => typeof each === 'string');
  return texts.every((each) => typeof each === 'string') && typeof fields.leftMs === 'number' && isDrift;
}
