import { BrambleError } from '../../../proto/contract/errors.js';
import type { Exec, HostClock } from '../host/ports.js';

export interface NotifierOptions {
  readonly exec: Exec;
  readonly clock: HostClock;
  /** NOTIFY_SOCKET of the environment; `undefined` = nobody wants to know. */
  readonly socket: string | undefined;
  /** WATCHDOG_USEC of the environment, microseconds in decimal; `undefined` = no watchdog. */
  readonly watchdogUsec: string | undefined;
  /** Progress counts for so long, ms. Default: the watchdog's own period. It must exceed the longest honest pause. */
  readonly progressWindowMs?: number;
  /** What became of a notification that failed; it is tried again with the next one. */
  readonly onError: (error: BrambleError) => void;
}

/** Pings per watchdog period: sd_watchdog_enabled(3) suggests two, a third leaves room for a slow fork. */
const PINGS_PER_PERIOD = 3;
const NOTIFY_TIMEOUT_MS = 10_000;

/**
 * Tells systemd how the agent is. Node has no Unix datagrams, so that each word is a run of systemd-notify; the unit
 * needs NotifyAccess=all. Source: sd_notify(3), systemd-notify(1).
 *
 * The watchdog is fed only when somebody called `progress` lately: a loop that still turns but gets nothing done is
 * ended by systemd like one that hangs.
 */
export class Notifier {
  readonly #options: NotifierOptions;
  #progressAtMs: number | undefined;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** Real work was done: a report was sent, a frame was read, a planned wait has begun. */
  progress(): void {
    this.#progressAtMs = this.#options.clock.monotonicMs();
  }

  ready(): Promise<void> {
    return this.#tell('READY=1');
  }

  stopping(): Promise<void> {
    return this.#tell('STOPPING=1');
  }

  /** Feeds the watchdog until the signal aborts. Returns at once where there is none. */
  async run(signal: AbortSignal): Promise<void> {
    const periodMs = parsePeriodMs(this.#options.watchdogUsec);
    if (periodMs === undefined || this.#options.socket === undefined) return;
    const windowMs = this.#options.progressWindowMs ?? periodMs;
    while (!signal.aborted) {
      const progressAtMs = this.#progressAtMs;
      const isAlive = progressAtMs !== undefined && this.#options.clock.monotonicMs() - progressAtMs <= windowMs;
      if (isAlive) await this.#tell('WATCHDOG=1');
      try {
        await this.#options.clock.sleep(periodMs / PINGS_PER_PERIOD, signal);
      } catch {
        return; // the signal aborted: nothing else ends a sleep
      }
    }
  }

  /** Never rejects: an agent that cannot tell systemd goes on with its work. */
  async #tell(word: string): Promise<void> {
    const { exec, socket, onError } = this.#options;
    if (socket === undefined) return;
    try {
      const argv = ['env', `NOTIFY_SOCKET=${socket}`, 'systemd-notify', word] as const;
      const { signal } = new AbortController();
      const { status, stderr } = await exec.run(argv, { signal, timeoutMs: NOTIFY_TIMEOUT_MS });
      if (status === 0) return;
      onError(new BrambleError('unavailable', `systemd-notify ${word} failed: ${stderr.trim().slice(0, 200)}`));
    } catch (error) {
      onError(BrambleError.from(error));
    }
  }
}

function parsePeriodMs(watchdogUsec: string | undefined): number | undefined {
  const usec = Number(watchdogUsec ?? '');
  return Number.isFinite(usec) && usec > 0 ? usec / 1000 : undefined;
}
