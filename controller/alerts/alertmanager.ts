import type { Clock } from '../../proto/contract/clock.js';
import type { Secret } from '../../proto/contract/secret.js';
import type { Alert, AlertChannel } from '../usecases/alerts/ports.js';
import { postJson } from './http-post.js';

/** As Prometheus does it: said again every minute, and over by itself when not heard for four. */
const REPEAT_MS = 60_000;
const LASTS_MS = 4 * REPEAT_MS;

/**
 * Alertmanager, by its API v2. An alert is known by its labels, so these are the same as long as it lasts; the words are
 * annotations. Source: https://prometheus.io/docs/alerting/latest/clients/
 */
export class Alertmanager implements AlertChannel {
  readonly name = 'alertmanager';
  readonly repeatMs = REPEAT_MS;
  readonly #url: string;
  readonly #token: Secret | undefined;
  readonly #clock: Clock;

  constructor(url: string, token: Secret | undefined, clock: Clock) {
    this.#url = `${url.replace(/\/+$/, '')}/api/v2/alerts`;
    this.#token = token;
    this.#clock = clock;
  }

  async send(alert: Alert): Promise<void> {
    const { startedAtMs, endedAtMs, title, text, link } = alert;
    const endsAtMs = endedAtMs ?? this.#clock.nowMs() + LASTS_MS;
    const labels = {
      alertname: 'BrambleIncident',
      incident: alert.incident,
      cause: alert.cause,
      severity: alert.severity,
      ...(alert.site === '' ? {} : { site: alert.site }),
    };
    const body = [
      {
        labels,
        annotations: { summary: title, ...(text === '' ? {} : { description: text }) },
        startsAt: iso(startedAtMs),
        endsAt: iso(Math.max(endsAtMs, startedAtMs + 1)),
        ...(link === undefined ? {} : { generatorURL: link }),
      },
    ];
    const headers = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token.reveal()}` };
    await postJson(this.#url, JSON.stringify(body), headers, 'Alertmanager');
  }
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
