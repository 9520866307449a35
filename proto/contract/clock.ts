/** Time as both ends need it. Timers are the host's affair: they need AbortSignal, which is not pure. */
export interface Clock {
  /** Wall clock, ms since 1970-01-01 UTC; may jump. Only for display and for stamps that leave this machine. */
  nowMs(): number;
  /** Monotonic ms; the only clock for timeouts and ages. On a node it counts since boot, suspend included. */
  monotonicMs(): number;
}
