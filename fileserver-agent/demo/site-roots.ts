import type { PiSpec } from '../../agent/demo/pi-spec.js';
import type { RootsOrder, RootsView } from '../../agent/kit/roots/orders.js';
import { carryOut, panickingPis, parseRoots, type RootsState, viewOf, withoutBadImage } from './simulated-roots.js';

/** What the boards of the site are served, and remembered to be. */
export class SiteRoots {
  readonly #pis: readonly PiSpec[];
  readonly #remember: (text: string) => void;
  #state: RootsState;

  /** @param text what was remembered; `undefined` = the site is new */
  constructor(text: string | undefined, pis: readonly PiSpec[], remember: (text: string) => void) {
    this.#pis = pis;
    this.#remember = remember;
    this.#state = parseRoots(text, pis);
  }

  /** Pis whose system panics. */
  get panicking(): readonly string[] {
    return panickingPis(this.#state, this.#pis);
  }

  /** @throws BrambleError */
  order(order: RootsOrder): RootsView {
    const { state, changes } = carryOut(this.#state, order);
    this.#become(state);
    return viewOf(this.#state, this.#pis, changes);
  }

  /** Nobody tries the bad image any more. */
  tidy(): void {
    this.#become(withoutBadImage(this.#state));
  }

  #become(state: RootsState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#remember(`${JSON.stringify(state)}\n`);
  }
}
