import { BrambleError } from '../../proto/contract/errors.js';
import { type KernelLogRead, KernelLogReader, tailOf } from '../kit/host/kernel-record.js';
import type { KernelLog } from '../kit/host/ports.js';

/** As many records as a kernel with a ring of 128 KiB holds, roughly. */
const RING_RECORDS = 1_000;

/** The ring that the kernel of one boot keeps; oldest records give way to new ones. */
export class SimKernelLog {
  /** False: this process may not read it. */
  readable = true;
  readonly #nowMs: () => number;
  #records: string[] = [];
  #firstSequence = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The kernel says something. `priority`: facility times 8 plus level, 6 being an information of the kernel itself. */
  write(text: string, priority = 6): void {
    const sequence = this.#firstSequence + this.#records.length;
    const escaped = text.replace(
      /[^\x20-\x5b\x5d-\x7e]/g,
      (character) => `\\x${(character.charCodeAt(0) & 0xff).toString(16).padStart(2, '0')}`,
    );
    this.#records.push(`${priority},${sequence},${Math.floor(this.#nowMs() * 1000)},-;${escaped}\n`);
    if (this.#records.length <= RING_RECORDS) return;
    this.#records.shift();
    this.#firstSequence += 1;
  }

  /** A new boot: the log begins anew. */
  reboot(): void {
    this.#records = [];
    this.#firstSequence = 0;
  }

  /** What one process sees of it. */
  open(): KernelLog {
    const reader = this.#reader();
    return {
      read: (recordsMax) => {
        this.#refuse();
        return reader.read(recordsMax);
      },
      last: (recordsMax) => {
        this.#refuse();
        return tailOf(this.#reader(), recordsMax);
      },
    };
  }

  #refuse(): void {
    if (!this.readable) throw new BrambleError('unsupported', 'the kernel log cannot be read');
  }

  #reader(): KernelLogReader {
    let at: number | undefined;
    return new KernelLogReader((): KernelLogRead => {
      at ??= this.#firstSequence;
      if (at < this.#firstSequence) {
        at = this.#firstSequence;
        return 'overwritten';
      }
      const record = this.#records[at - this.#firstSequence];
      if (record === undefined) return 'empty';
      at += 1;
      return record;
    });
  }
}
