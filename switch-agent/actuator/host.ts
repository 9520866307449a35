import type { Exec, Files, HostClock, KernelFiles } from '../../agent/kit/host/ports.js';
import type { ActuatorPaths } from './paths.js';

/**
 * Starts a process of its own, outside of whoever asks, that keeps what is written down: a change that nobody confirms is
 * taken back, a port that is off for a moment comes on again. It ends when nothing is open.
 */
export interface Keeper {
  /** Resolves when it runs. Asking again while it runs is fine. */
  start(signal: AbortSignal): Promise<void>;
}

/** All that the privileged part of the agent touches. */
export interface ActuatorHost {
  readonly clock: HostClock;
  readonly files: Files;
  readonly exec: Exec;
  readonly kernel: Pick<KernelFiles, 'readText' | 'list'>;
  readonly keeper: Keeper;
  readonly paths: ActuatorPaths;
  /** Of the boot that this is; a record of another boot is overdue. */
  readonly bootId: string;
}
