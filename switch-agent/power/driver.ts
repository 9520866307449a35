/** Whether a port gives power, as the hardware says. */
export type PowerState = 'on' | 'off' | 'unknown';

/** How power is switched: one conformance suite holds all of them. */
export interface PowerDriver {
  readonly name: 'ethtool-pse' | 'poectl' | 'command' | 'link';
  /** Real hardware that it was run on; empty = none yet. */
  readonly provenOn: string;
  /** Asks the hardware; never answers from memory. @throws BrambleError `not-found` for a port that it does not have */
  state(port: string, signal: AbortSignal): Promise<PowerState>;
  /** Told, not yet done: state() says when it is. @throws BrambleError `failed-precondition` with the words of the hardware */
  set(port: string, isOn: boolean, signal: AbortSignal): Promise<void>;
  /** What the power is allocated for, milliwatts by port; `undefined` where the hardware does not say. */
  allocations(signal: AbortSignal): Promise<ReadonlyMap<string, number> | undefined>;
}
