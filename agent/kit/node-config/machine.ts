import type { NodeConfig } from '../../../proto/contract/node-config/config.js';

/**
 * The files that a node config may touch, by what they are: nobody can name a path. Content is one character per byte
 * (latin1), so that foreign lines in any encoding come through unharmed.
 */
export type ManagedFile = 'hostname' | 'hosts' | 'timesyncd' | 'chrony' | 'sysctls' | KeysFile;
export type KeysFile = `authorized-keys/${string}`;

export const keysFile = (user: string): KeysFile => `authorized-keys/${user}`;

/** The user of an authorized_keys file; `undefined` for the other files. */
export function userOf(file: ManagedFile): string | undefined {
  return file.startsWith('authorized-keys/') ? file.slice('authorized-keys/'.length) : undefined;
}

export type TimeService = 'timesyncd' | 'chrony';

export interface UnitCondition {
  /** `undefined` = it has nothing to be enabled by, such as a static unit. */
  readonly enabled: boolean | undefined;
  readonly running: boolean;
}

/** What of this machine a node config can reach. Every write is durable when it resolves; all of it needs root. */
export interface ConfigMachine {
  /** `undefined` = there is no such file. @throws BrambleError for what is no plain file of its owner's */
  read(file: ManagedFile): Promise<string | undefined>;
  /** Atomic; keeps owner and mode of a file that is there. `undefined` removes it. */
  write(file: ManagedFile, text: string | undefined): Promise<void>;
  hasUser(user: string): Promise<boolean>;
  hostname(): Promise<string>;
  setHostname(name: string): Promise<void>;
  /** `undefined` = the kernel has no such setting. */
  sysctl(name: string): Promise<string | undefined>;
  setSysctl(name: string, value: string): Promise<void>;
  /** @throws BrambleError `not-found`, `failed-precondition` (masked) */
  unit(name: string): Promise<UnitCondition>;
  setUnit(name: string, condition: UnitCondition): Promise<void>;
  /** Which one keeps the clock here; `undefined` = none that we know. */
  timeService(): Promise<TimeService | undefined>;
  restartTimeService(service: TimeService): Promise<void>;
}

/** What root's own list lets a node config manage. */
export interface ConfigAllowance {
  readonly hostname: boolean;
  readonly ntp: boolean;
  readonly users: readonly string[];
  readonly sysctls: readonly string[];
  readonly units: readonly string[];
}

export const NOTHING_ALLOWED: ConfigAllowance = { hostname: false, ntp: false, users: [], sysctls: [], units: [] };

/** Puts node configs in place and takes them back. One call at a time. */
export interface ConfigActuator {
  /**
   * All or nothing. Answers with what it changed, in words; what was before is kept until `confirm` or `undo`.
   * @throws BrambleError `invalid-argument`, `permission-denied` (not on root's list), `failed-precondition`; after
   * `unavailable` and `deadline-exceeded` nobody knows how far it got: only `undo` settles that
   */
  apply(revision: number, config: NodeConfig, signal: AbortSignal): Promise<readonly string[]>;
  /** What differs from the config, in words; changes nothing. */
  check(config: NodeConfig, signal: AbortSignal): Promise<readonly string[]>;
  /** What was applied last is kept. */
  confirm(revision: number, signal: AbortSignal): Promise<void>;
  /** Takes back what was not confirmed; answers with what that was. Nothing to take back is fine. */
  undo(signal: AbortSignal): Promise<readonly string[]>;
}
