import { BrambleError } from '../proto/contract/errors.js';
import type { Log } from './usecases/ports.js';

/**
 * What was opened, to be closed in the reverse order: what came last leans on what came before. One that fails to close
 * is logged and harms no other.
 */
export class Closers {
  readonly #stack: { readonly name: string; readonly close: () => Promise<unknown> }[] = [];

  add(name: string, close: () => Promise<unknown>): this {
    this.#stack.push({ name, close });
    return this;
  }

  async closeAll(log: Log): Promise<void> {
    for (let next = this.#stack.pop(); next !== undefined; next = this.#stack.pop()) {
      try {
        await next.close();
      } catch (thrown) {
        log.error({ err: BrambleError.from(thrown), part: next.name }, 'could not be closed in an orderly way');
      }
    }
  }
}
