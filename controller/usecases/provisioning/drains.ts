import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import type { Order, Outcome } from '../../domain/provisioning/advance.js';
import { type Deed, deedOf } from '../../domain/provisioning/orders.js';
import type { Saga } from '../../domain/provisioning/saga.js';
import type { DrainHook } from './ports.js';

/** Calls of the drain hook. In memory: after a crash the same is told once more, with the same id. */
export class Drains {
  readonly #hook: DrainHook | undefined;
  readonly #calls = new Map<string, Outcome>();

  constructor(hook: DrainHook | undefined) {
    this.#hook = hook;
  }

  /** The step is on record: now it is told. Deeds of other kinds are nothing to it. */
  begin(saga: Saga, { at, attempt }: Order, deed: Deed): void {
    if (deed.kind === 'drain') this.#call(saga, { at, attempt }, deed.phase);
  }

  /** `undefined`: the step is no call of the hook. */
  outcome(saga: Saga, at: number): Outcome | undefined {
    const step = saga.steps[at];
    if (step?.state !== 'running' && step?.state !== 'undoing') return undefined;
    const { attempt } = step;
    const deed = deedOf(saga, { at, way: step.state === 'running' ? 'do' : 'undo', attempt });
    if (deed.kind !== 'drain') return undefined;
    const key = keyOf(saga, at, attempt);
    if (!this.#calls.has(key)) this.#call(saga, { at, attempt }, deed.phase);
    const found = this.#calls.get(key);
    if (found !== undefined && found.kind !== 'pending') this.#calls.delete(key);
    return found;
  }

  #call(saga: Saga, { at, attempt }: Pick<Order, 'at' | 'attempt'>, phase: 'drain' | 'restore'): void {
    const key = keyOf(saga, at, attempt);
    if (this.#calls.has(key)) return;
    if (this.#hook === undefined) {
      this.#calls.set(key, { kind: 'done', detail: 'no drain hook is configured' });
      return;
    }
    this.#calls.set(key, { kind: 'pending', detail: 'the drain hook was called' });
    const { target, kind, reason } = saga;
    const call = { id: `${saga.id}-${at}-${phase}`, phase, node: target.node, site: target.site, kind, reason };
    const settle = (outcome: Outcome): void => {
      this.#calls.set(key, outcome);
    };
    this.#hook(call).then(
      (detail) => settle({ kind: 'done', detail: visible(detail, 300) }),
      (thrown: unknown) => settle({ kind: 'failed', detail: visible(BrambleError.from(thrown).message, 300) }),
    );
  }
}

const keyOf = ({ id, direction }: Saga, at: number, attempt: number): string => `${id} ${direction} ${at} ${attempt}`;
