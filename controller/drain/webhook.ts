import { createHmac } from 'node:crypto';
import { BrambleError } from '../../proto/contract/errors.js';
import type { Secret } from '../../proto/contract/secret.js';
import type { DrainCall, DrainHook } from '../usecases/provisioning/ports.js';

/** Of an answer: enough for a sentence. */
const ANSWER_CHARACTERS_MAX = 300;

export interface WebhookOptions {
  readonly url: string;
  /** Shared with whoever answers. */
  readonly secret: Secret;
  readonly timeoutMs: number;
  readonly nowMs: () => number;
}

/**
 * Tells by a POST of JSON. It is signed over time and body, as "X-Bramble-Signature: t=SECONDS,v1=HEX" with HMAC-SHA-256 over
 * "SECONDS.BODY"; a listener that checks both takes neither a forged call nor one of yesterday. Any 2xx is yes.
 */
export function webhookDrain({ url, secret, timeoutMs, nowMs }: WebhookOptions): DrainHook {
  return async (call) => {
    const body = renderCall(call);
    const seconds = Math.floor(nowMs() / 1_000);
    const signature = createHmac('sha256', secret.reveal()).update(`${seconds}.${body}`).digest('hex');
    const headers = {
      'content-type': 'application/json',
      'x-bramble-signature': `t=${seconds},v1=${signature}`,
      'idempotency-key': call.id,
    };
    const answer = await post(url, { method: 'POST', headers, body, redirect: 'error' }, timeoutMs);
    const text = (await answer.text().catch(() => '')).slice(0, ANSWER_CHARACTERS_MAX);
    if (answer.ok) return text === '' ? `answered ${answer.status}` : text;
    throw new BrambleError('failed-precondition', `the drain hook answered ${answer.status}: ${text}`);
  };
}

async function post(url: string, init: RequestInit, timeoutMs: number): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  } catch (cause) {
    throw new BrambleError('deadline-exceeded', 'the drain hook was not reached in time', { cause });
  }
}

/** The same text for the same call: what is signed is what is sent. */
function renderCall({ id, phase, node, site, kind, reason }: DrainCall): string {
  return JSON.stringify({ id, phase, node, site, kind, reason });
}
