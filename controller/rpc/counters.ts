import type { ErrorCode } from '../../proto/contract/errors.js';

const COUNTED = [
  'sessions_broken_total',
  'handshakes_failed_total',
  'connections_shed_total',
  'connections_in_penalty_total',
  'connections_destroyed_total',
  'call_floods_total',
  'asks_shed_total',
  'frames_throttled_total',
  'frames_unknown_total',
  'frames_unsent_total',
  'reports_out_of_step_total',
  'resyncs_total',
  'slow_readers_total',
  'offenders_closed_total',
  'uploads_total',
  'upload_bytes_total',
  'image_bytes_total',
] as const;
export type RpcCount = (typeof COUNTED)[number];

/** What the transport did and refused; every name is there from the start, so that a rate can be made of it. */
export class RpcCounters {
  readonly #counts: Record<string, number> = Object.fromEntries(COUNTED.map((name) => [name, 0]));

  add(name: RpcCount, by = 1): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + by;
  }

  callFailed(code: ErrorCode): void {
    const name = `calls_failed_${code.replaceAll('-', '_')}_total`;
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
  }

  snapshot(): Record<string, number> {
    return { ...this.#counts };
  }
}
