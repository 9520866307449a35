import type { Saga, SagaKind } from '../../domain/provisioning/saga.js';
import type { Rollout } from '../../domain/rollout/rollout.js';

/** What is stored of provisioning. Times are of the wall clock. */
export interface ProvisioningReader {
  /** By id: those who began first first. */
  openSagas(): Promise<readonly Saga[]>;
  saga(id: string): Promise<Saga | undefined>;
  /** Newest first; of one node when it is named. */
  sagas(node: string | undefined, limit: number): Promise<readonly Saga[]>;
  openRollouts(): Promise<readonly Rollout[]>;
  rollout(id: string): Promise<Rollout | undefined>;
  /** Newest first. */
  rollouts(limit: number): Promise<readonly Rollout[]>;
}

export interface ProvisioningWriter extends ProvisioningReader {
  /** @throws BrambleError `already-exists` when another one of the node is open */
  putSaga(saga: Saga): Promise<void>;
  putRollout(rollout: Rollout): Promise<void>;
}

export interface DrainCall {
  /** The same for every attempt to tell the same thing. */
  readonly id: string;
  /** `drain`: work is to leave the node. `restore`: it may come back. */
  readonly phase: 'drain' | 'restore';
  readonly node: string;
  readonly site: string;
  readonly kind: SagaKind;
  readonly reason: string;
}

/** Tells whoever schedules work. @throws BrambleError when it could not, or was refused */
export type DrainHook = (call: DrainCall) => Promise<string>;
