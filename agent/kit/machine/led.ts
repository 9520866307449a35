import { BrambleError } from '../../../proto/contract/errors.js';
import type { Files, HostClock, KernelFiles } from '../host/ports.js';
import { type BlinkRecord, parseBlinkRecord, renderBlinkRecord } from './blink-record.js';
import { isRunning, type Owner, ownProcess } from './owner.js';

/** Writes attributes under /sys. */
export interface SysWriter {
  /** @throws BrambleError `permission-denied`, `not-found`, `unavailable` */
  write(path: string, text: string): void;
}

export interface LedOptions {
  /** Where /sys is seen. */
  readonly sys: Pick<KernelFiles, 'readText'> & SysWriter;
  /** Where /proc is seen. */
  readonly kernel: Pick<KernelFiles, 'readText'>;
  readonly files: Files;
  readonly clock: HostClock;
  /** Where what drove the LED before is kept while it blinks: in memory, gone with a reboot like the blinking itself. */
  readonly recordPath: string;
}

/** The activity LED as the kernels of Raspberry Pi OS name it, newest first. */
export const LED_NAMES = ['ACT', 'led0'] as const;
/** What blinks, in this order of preference; a kernel may lack either. Source: Linux Documentation/leds/leds-class.rst. */
const BLINKING = ['timer', 'heartbeat'] as const;
/** The rest of what a trigger leaves behind: lost when another trigger takes over. */
const SETTINGS = ['brightness', 'delay_on', 'delay_off'] as const;

/** The one LED that blinks for people. Invariant: it never blinks without a record of what drove it before. */
export class Led {
  readonly #options: LedOptions;

  constructor(options: LedOptions) {
    this.#options = options;
  }

  /** @throws BrambleError `unsupported`, `failed-precondition`, `permission-denied`, `unavailable`, `cancelled` */
  async blink(forMs: number, signal: AbortSignal): Promise<void> {
    await this.restoreLeft();
    const { files, clock, kernel, recordPath } = this.#options;
    const owner = ownProcess(kernel);
    if ((await this.#record()) !== undefined) {
      throw new BrambleError('failed-precondition', 'the LED blinks already', { hint: 'wait until it has ended' });
    }
    const record = this.#look(owner);
    if (signal.aborted) throw new BrambleError('cancelled', 'nobody waits for the LED any more');
    await files.writeAtomic(recordPath, renderBlinkRecord(record));
    try {
      this.#set(record.led, 'trigger', record.blinking);
      await clock.sleep(forMs, signal);
    } finally {
      await this.#giveBack(record);
    }
  }

  /** What a process that is gone left blinking. Another one's blinking is its own affair. */
  async restoreLeft(): Promise<void> {
    const record = await this.#record();
    if (record === undefined || isRunning(this.#options.kernel, record.owner)) return;
    await this.#giveBack(record);
  }

  async #record(): Promise<BlinkRecord | undefined> {
    const text = await this.#options.files.readText(this.#options.recordPath);
    return text === undefined ? undefined : parseBlinkRecord(text, LED_NAMES);
  }

  #look(owner: Owner): BlinkRecord {
    for (const led of LED_NAMES) {
      const offered = this.#get(led, 'trigger')?.trim().split(' ');
      const former = offered?.find((word) => /^\[.+\]$/.test(word))?.slice(1, -1);
      if (offered === undefined || former === undefined) continue;
      const blinking = BLINKING.find((trigger) => trigger !== former && offered.includes(trigger));
      if (blinking === undefined) {
        throw new BrambleError('unsupported', 'the kernel of this board knows no blinking for its LED');
      }
      const settings = SETTINGS.flatMap((name) => {
        const value = this.#get(led, name)?.trim();
        return value === undefined ? [] : [[name, value] as const];
      });
      return { led, former, blinking, settings: Object.fromEntries(settings), owner };
    }
    throw new BrambleError('unsupported', 'this board has no activity LED that can be controlled', {
      hint: 'look for its serial number or address instead',
    });
  }

  /** The record goes only after the LED is back: whatever fails here is tried again by the next process. */
  async #giveBack({ led, former, blinking, settings }: BlinkRecord): Promise<void> {
    const now = this.#get(led, 'trigger');
    // Somebody else may have taken it meanwhile.
    if (now?.includes(`[${blinking}]`) === true) {
      this.#set(led, 'trigger', former);
      // With a trigger that drives it, its brightness is not ours to set: that would switch the trigger off.
      const own = former === 'none' ? ['brightness'] : former === 'timer' ? ['delay_on', 'delay_off'] : [];
      for (const name of own) {
        const value = settings[name];
        if (value !== undefined) this.#set(led, name, value);
      }
    }
    await this.#options.files.remove(this.#options.recordPath);
  }

  #get(led: string, name: string): string | undefined {
    return this.#options.sys.readText(`/sys/class/leds/${led}/${name}`);
  }

  #set(led: string, name: string, value: string): void {
    this.#options.sys.write(`/sys/class/leds/${led}/${name}`, value);
  }
}
