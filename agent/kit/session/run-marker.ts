import { PreviousExit } from '../../../proto/gen/bramble/agent/v1/event.js';
import type { Files } from '../host/ports.js';

/** What the process before this one left behind. */
export interface PreviousRun {
  /** Boot in which it ran; empty when not known. */
  readonly bootId: string;
  readonly exit: PreviousExit;
}

/** A small file that says who ran here last and whether it said goodbye. */
export class RunMarker {
  readonly #files: Files;
  readonly #path: string;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** How the previous process ended, seen from boot `bootId`. Never throws: what cannot be read is unspecified. */
  async previousRun(bootId: string): Promise<PreviousRun> {
    let text: string | undefined;
    try {
      text = await this.#files.readText(this.#path);
    } catch {
      return { bootId: '', exit: PreviousExit.UNSPECIFIED }; // the outbox says that storage has failed
    }
    if (text === undefined) return { bootId: '', exit: PreviousExit.FIRST_START };
    const [state, previousBootId] = text.trim().split(' ');
    if (previousBootId === undefined) return { bootId: '', exit: PreviousExit.UNSPECIFIED };
    if (state === 'ended') return { bootId: previousBootId, exit: PreviousExit.CLEAN };
    return { bootId: previousBootId, exit: previousBootId === bootId ? PreviousExit.CRASH : PreviousExit.BOOT };
  }

  /** @throws BrambleError of the storage */
  async write(state: 'running' | 'ended', bootId: string): Promise<void> {
    await this.#files.writeAtomic(this.#path, `${state} ${bootId}\n`);
  }
}
