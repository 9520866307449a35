import { visible } from '../../proto/contract/visible.js';
import type { CliHost } from './context.js';

const ERASE_LINE = '\r\u001b[2K';

/** One line of standard error that says how far something is, for whoever looks; a pipe or a file gets none of it. */
export class Progress {
  readonly #host: Pick<CliHost, 'err' | 'errIsTerminal'>;
  #isShown = false;

  constructor(host: Pick<CliHost, 'err' | 'errIsTerminal'>) {
    this.#host = host;
  }

  say(text: string): void {
    if (!this.#host.errIsTerminal) return;
    this.#host.err(`${ERASE_LINE}${visible(text, 78)}`);
    this.#isShown = true;
  }

  /** Leaves the line as it was before. */
  end(): void {
    if (this.#isShown) this.#host.err(ERASE_LINE);
    this.#isShown = false;
  }
}
