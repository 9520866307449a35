import { BrambleError } from '../../proto/contract/errors.js';
import type { IdempotencyRecord, Store, World } from './ports.js';

/** Answers are kept this long, and so many of them. */
export const IDEMPOTENCY_KEPT_MS = 86_400_000;
export const IDEMPOTENCY_KEPT_MAX = 10_000;
/** Longer answers are not kept: a second asking is told that it was done, and has to look. */
export const IDEMPOTENT_ANSWER_CHARACTERS_MAX = 256 * 1_024;

export interface KeyedRequest {
  /** Lower-case hex SHA-256 of who asks and the key of their choice. */
  readonly keySha256: string;
  /** Lower-case hex SHA-256 of what is asked. */
  readonly requestSha256: string;
}

/**
 * A change whose answer was lost may be asked again with the same key, and is not done twice. The key is written down
 * before the change is done: when the controller ends in between, a second asking is told that nobody knows, which is
 * true, instead of doing it again.
 */
export class Idempotency {
  readonly #store: Store;
  readonly #world: Pick<World, 'clock'>;
  /** Being done right now, by this process. */
  readonly #running = new Set<string>();

  constructor(deps: { readonly store: Store; readonly world: Pick<World, 'clock'> }) {
    this.#store = deps.store;
    this.#world = deps.world;
  }

  /**
   * `undefined`: do it, and say how it ended. Else the answer that was given.
   * @throws BrambleError `invalid-argument` (the key was used for something else), `aborted` (being done),
   * `failed-precondition` (done, or perhaps done, and the answer is not known)
   */
  async begin({ keySha256, requestSha256 }: KeyedRequest): Promise<IdempotencyRecord['answer']> {
    if (this.#running.has(keySha256)) {
      throw new BrambleError('aborted', 'the same change is being done right now', { hint: 'ask again in a moment' });
    }
    this.#running.add(keySha256);
    let isNew = false;
    try {
      const before = await this.#store.transact(async (writer) => {
        const nowMs = this.#world.clock.nowMs();
        await writer.pruneIdempotent(nowMs - IDEMPOTENCY_KEPT_MS, IDEMPOTENCY_KEPT_MAX);
        const known = await writer.idempotent(keySha256);
        if (known !== undefined) return known;
        await writer.putIdempotent({ keySha256, requestSha256, atMs: nowMs, answer: undefined });
        return undefined;
      });
      isNew = before === undefined;
      return before === undefined ? undefined : answerOf(before, requestSha256);
    } finally {
      if (!isNew) this.#running.delete(keySha256);
    }
  }

  /** It was done. An answer that is not kept, for its length or its secret, has an empty text. */
  async finish({ keySha256, requestSha256 }: KeyedRequest, answer: { status: number; text: string }): Promise<void> {
    const text = answer.text.length > IDEMPOTENT_ANSWER_CHARACTERS_MAX ? '' : answer.text;
    const atMs = this.#world.clock.nowMs();
    try {
      const record = { keySha256, requestSha256, atMs, answer: { status: answer.status, text } };
      await this.#store.transact((writer) => writer.putIdempotent(record));
    } finally {
      this.#running.delete(keySha256);
    }
  }

  /** It was refused: nothing was done, and the next asking is a new one. For any other failure nobody knows. */
  async fail({ keySha256 }: KeyedRequest, error: BrambleError): Promise<void> {
    try {
      if (isSurelyUndone(error)) await this.#store.transact((writer) => writer.removeIdempotent(keySha256));
    } finally {
      this.#running.delete(keySha256);
    }
  }
}

function answerOf({ requestSha256, answer }: IdempotencyRecord, asked: string): IdempotencyRecord['answer'] {
  if (requestSha256 !== asked) {
    throw new BrambleError('invalid-argument', 'this Idempotency-Key was used for another request', {
      hint: 'a key belongs to one request; make a new one for a new request',
      details: { fields: [{ field: 'Idempotency-Key', problem: 'was used for another request' }] },
    });
  }
  if (answer === undefined) {
    throw new BrambleError('failed-precondition', 'this was begun, and nobody knows whether it was done', {
      hint: 'the controller ended meanwhile; look at what there is, and ask with a new key if it is not done',
    });
  }
  if (answer.text === '') {
    throw new BrambleError('failed-precondition', 'this was done; its answer is not kept', {
      hint: 'look at what there is; what is shown once, such as the secret of a token, has to be made anew',
    });
  }
  return answer;
}

/** Every change is one transaction, so what was refused left nothing behind. */
function isSurelyUndone({ code }: BrambleError): boolean {
  return code !== 'internal' && code !== 'unavailable' && code !== 'deadline-exceeded' && code !== 'cancelled';
}
