import { execFile } from 'node:child_process';
import type { Log } from './usecases/ports.js';

/** What systemd is told about this process. Nothing happens where no systemd asked for it. */
export interface Notifier {
  /** Ms within which a sign of life is due; `undefined` when nobody waits for one. */
  readonly watchdogMs: number | undefined;
  ready(): Promise<void>;
  alive(): Promise<void>;
  stopping(): Promise<void>;
}

const NOTIFY_MS_MAX = 5_000;

/**
 * Speaks through the systemd-notify program, because Node has no Unix datagram sockets; the unit says NotifyAccess=all.
 * Environment: NOTIFY_SOCKET and WATCHDOG_USEC of sd_notify(3) and sd_watchdog_enabled(3).
 */
export function makeNotifier(env: Readonly<Record<string, string | undefined>>, log: Log): Notifier {
  if ((env['NOTIFY_SOCKET'] ?? '') === '') {
    const nothing = (): Promise<void> => Promise.resolve();
    return { watchdogMs: undefined, ready: nothing, alive: nothing, stopping: nothing };
  }
  const tell = (message: string): Promise<void> =>
    new Promise((resolve) => {
      execFile('systemd-notify', [message], { timeout: NOTIFY_MS_MAX }, (error) => {
        // systemd will act on the silence; all that is left to us is to say why it was silent.
        if (error !== null) log.warn({ err: error, message }, 'systemd could not be notified');
        resolve();
      });
    });
  const watchdogUs = Number(env['WATCHDOG_USEC'] ?? '');
  return {
    watchdogMs: watchdogUs > 0 ? watchdogUs / 1_000 : undefined,
    ready: () => tell('READY=1'),
    alive: () => tell('WATCHDOG=1'),
    stopping: () => tell('STOPPING=1'),
  };
}
