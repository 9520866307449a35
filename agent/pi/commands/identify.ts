import { BrambleError } from '../../../proto/contract/errors.js';
import type { ActionArguments, CommandHandler } from '../../kit/command/handler.js';
import { BLINK_MS } from '../../kit/helper/request-fields.js';
import { LED_NAMES } from '../../kit/machine/led.js';

type Identify = ActionArguments<'identify'>;

/**
 * Blinks the activity LED, in one bounded request that gives the LED back whatever happens to this agent. Blinking leaves no
 * trace: what became of a request that was cut off cannot be told, and it is never made again.
 */
export function makeIdentify(): CommandHandler<Identify> {
  return {
    requiresBootId: false,
    async check({ forMs }, { host }) {
      if (forMs < BLINK_MS.min || forMs > BLINK_MS.max) {
        const detail = `an LED blinks for ${BLINK_MS.min} to ${BLINK_MS.max} ms, not ${forMs}`;
        return { kind: 'rejected', reason: 'invalid-argument', detail };
      }
      const leds = host.kernel.list('/sys/class/leds') ?? [];
      if (LED_NAMES.some((name) => leds.includes(name))) return undefined;
      const detail = 'this board has no activity LED that can be controlled';
      return { kind: 'rejected', reason: 'unsupported', detail };
    },
    before: async () => '',
    async run({ forMs }, { host }, signal) {
      try {
        await host.machine.blink(forMs, signal);
        return { kind: 'succeeded', detail: `the activity LED blinked for ${forMs / 1_000} s` };
      } catch (error) {
        if (signal.aborted) throw error; // the helper sees that we are gone, and gives the LED back
        const { code, message } = BrambleError.from(error);
        // Cut off in between: the next request of any kind gives the LED back. This is one.
        if (code === 'unavailable' || code === 'deadline-exceeded') await host.machine.endBlink(signal);
        return { kind: 'failed', detail: `blinking: ${message}` };
      }
    },
    async observe() {
      return { kind: 'unknown', detail: 'the blinking was cut off; the LED is given back' };
    },
  };
}
