import { createHmac } from 'node:crypto';
import type { Clock } from '../../proto/contract/clock.js';
import type { Secret } from '../../proto/contract/secret.js';
import type { Alert, AlertChannel } from '../usecases/alerts/ports.js';
import { postJson } from './http-post.js';

/**
 * Any program that takes JSON. `X-Bramble-Signature: t=SECONDS,v1=HEX` is HMAC-SHA-256 with the shared secret over
 * "SECONDS.BODY": a receiver compares it, and refuses times that are minutes off, so that nobody sends it a second time.
 */
export class Webhook implements AlertChannel {
  readonly name = 'webhook';
  readonly repeatMs = undefined;
  readonly #url: string;
  readonly #secret: Secret;
  readonly #clock: Clock;

  constructor(url: string, secret: Secret, clock: Clock) {
    this.#url = url;
    this.#secret = secret;
    this.#clock = clock;
  }

  async send(alert: Alert): Promise<void> {
    const { endedAtMs, ...rest } = alert;
    const event = endedAtMs === undefined ? 'incident.opened' : 'incident.closed';
    const body = JSON.stringify({ event, ...rest, ...(endedAtMs === undefined ? {} : { endedAtMs }) });
    const atS = Math.floor(this.#clock.nowMs() / 1_000);
    const signature = createHmac('sha256', this.#secret.reveal()).update(`${atS}.${body}`).digest('hex');
    const headers = {
      'x-bramble-signature': `t=${atS},v1=${signature}`,
      // A receiver that got it already and whose answer was lost knows it by this.
      'idempotency-key': `${alert.incident}.${event}`,
    };
    await postJson(this.#url, body, headers, 'the webhook');
  }
}
