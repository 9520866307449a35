import type { Store } from '../../usecases/ports.js';

/** How the conformance suite gets stores of one kind. */
export interface StoreOpener {
  /** A new, empty store. */
  readonly open: () => Promise<Store>;
  /** Removes what the stores of this opener left behind. */
  readonly cleanUp: () => Promise<void>;
  /** How often the model is tried, each time with a new store. */
  readonly modelRuns: number;
}
