import type { Exec, Files, HostClock, KernelFiles } from '../../agent/kit/host/ports.js';
import type { ActuatorPaths } from './paths.js';

/**
 * Starts a process of its own, outside of whoever asks, that keeps what is written down: a change that nobody confirms is
 * taken back, a port that is off for a moment comes on again. It ends when nothing is open.
 */
export interface Keeper {
  /** Resolves when it runs. */
  start(duty: KeeperDuty, signal: AbortSignal): Promise<void>;
}

/** What one keeper is for; at the start of a switch, whatever is open. Two never keep the same thing. */
export type KeeperDuty =
  | { readonly kind: 'change'; readonly changeId: string }
  | { readonly kind: 'port'; readonly port: string }
  | { readonly kind: 'everything' }
  /** Once at every start of the switch: boards come on one after the other where no controller says who may. */
  | { readonly kind: 'start' };

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
