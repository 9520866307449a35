import { BrambleError } from '../../../proto/contract/errors.js';
import type { ActionArguments, CommandHandler } from '../command/handler.js';

type Reboot = ActionArguments<'reboot'>;

/** An orderly shutdown that has not ended this process after so long has got stuck, ms. */
const SHUTDOWN_MS = 300_000;

/** Reboots the machine. Only a new boot id proves that it happened: run() never claims success. */
export function makeReboot(): CommandHandler<Reboot> {
  return {
    requiresBootId: true,
    async check(_, { bootId }) {
      if (bootId !== '') return undefined;
      return { kind: 'rejected', reason: 'precondition', detail: 'this node does not know in which boot it is' };
    },
    async before(_, { bootId }) {
      return bootId;
    },
    async run(_, { host }, signal) {
      try {
        await host.services.reboot(signal);
      } catch (error) {
        const { code, message } = BrambleError.from(error);
        if (signal.aborted) throw error;
        // Asked, but not answered in time: it may well be going down.
        if (code !== 'deadline-exceeded') return { kind: 'failed', detail: `asking for a reboot: ${message}` };
      }
      await host.clock.sleep(SHUTDOWN_MS, signal);
      return { kind: 'failed', detail: `did not reboot within ${SHUTDOWN_MS / 1000} s of being asked` };
    },
    async observe(_, before, { bootId }) {
      if (bootId === '' || before === '') return { kind: 'unknown', detail: 'the boot id is not known' };
      if (bootId === before) return { kind: 'failed', detail: 'did not reboot' };
      return { kind: 'succeeded', detail: `rebooted: boot ${bootId}` };
    },
  };
}
