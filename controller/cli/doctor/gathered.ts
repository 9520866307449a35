import type { ControllerFacts } from '../../../proto/contract/api/doctor.js';
import type { BrambleError } from '../../../proto/contract/errors.js';

/** What came of trying: the checks judge both. */
export type Tried<Value> = { readonly value: Value } | { readonly error: BrambleError };

/** How a program reaches the controller, in the pieces that can each be wrong. */
export type Address =
  | { readonly kind: 'socket'; readonly path: string }
  | {
      readonly kind: 'server';
      readonly url: string;
      readonly host: string;
      readonly port: number;
      readonly isSecure: boolean;
    };

export interface SeenCertificate {
  readonly expiresAtMs: number;
  /** Why a client would refuse it; `undefined` = trusted. */
  readonly refusedBecause: string | undefined;
}

/** An answer, and the local clock half-way between question and answer. */
export interface Answered {
  /** The controller's clock, in whole seconds; absent when it did not tell. */
  readonly controllerMs: number | undefined;
  readonly localMs: number;
  /** The answer came within this time, so the clocks are known no better than half of it. */
  readonly roundTripMs: number;
}

/** Everything that was found out; what was not even tried, because something before it failed, is absent. */
export interface Gathered {
  readonly cliVersion: string;
  readonly address: Tried<Address>;
  /** Of a host that was given by its name. */
  readonly addresses?: Tried<readonly string[]>;
  readonly port?: Tried<void>;
  readonly pageCertificate?: Tried<SeenCertificate>;
  readonly answered?: Tried<Answered>;
  /** What lies beside the administrator's socket of a controller that does not answer. */
  readonly beside?: { readonly isRestoreUnfinished: boolean; readonly freeBytes: number | undefined };
  readonly facts?: Tried<ControllerFacts & Pick<Answered, 'localMs' | 'roundTripMs'>>;
  readonly doors: readonly Door[];
  readonly nowMs: number;
}

/** Where agents connect. */
export interface Door {
  readonly door: 'link' | 'enrol';
  readonly endpoint: string;
  readonly tried: Tried<void>;
}

/** `unknown`: it could not be found out, which is neither good nor bad. */
export type Verdict = 'ok' | 'warn' | 'fail' | 'unknown';

export interface Finding {
  /** Name of the check, the same in every run. */
  readonly check: string;
  readonly verdict: Verdict;
  readonly message: string;
  /** What to do; absent when there is nothing. */
  readonly remedy?: string;
}

/** One thing that can be wrong. No finding: it does not apply, or what it needs was not reached. */
export type Check = (gathered: Gathered) => readonly Finding[];

/** A check of what the controller tells; silent while it tells nothing. */
export function ofFacts(
  judge: (facts: ControllerFacts & Pick<Answered, 'localMs' | 'roundTripMs'>) => readonly Finding[],
): Check {
  return ({ facts }) => (facts !== undefined && 'value' in facts ? judge(facts.value) : []);
}
