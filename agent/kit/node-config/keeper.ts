import { BrambleError } from '../../../proto/contract/errors.js';
import type { NodeConfig } from '../../../proto/contract/node-config/config.js';
import { renderDuration } from '../../../proto/contract/words.js';
import type { NodeConfig as WireConfig } from '../../../proto/gen/bramble/agent/v1/desired.js';
import { NodeConfigOutcome, type NodeConfigSettled } from '../../../proto/gen/bramble/agent/v1/event.js';
import type { HostClock } from '../host/ports.js';
import { errorFields, type Log } from '../log.js';
import type { ContactProof } from './contact.js';
import { readNodeConfig } from './from-wire.js';
import type { ConfigActuator } from './machine.js';
import type { ConfigFile, FailedTry, StoredConfig, Trial } from './stored.js';

export interface ConfigKeeperOptions {
  readonly file: ConfigFile;
  /** `undefined` = this agent has nobody who could apply a config. */
  readonly actuator: ConfigActuator | undefined;
  readonly contact: ContactProof;
  readonly clock: HostClock;
  readonly bootId: string;
  /** A random number from [0, 1): when the first look for drift is due. */
  readonly unit: number;
  readonly record: (settled: NodeConfigSettled) => Promise<void>;
  /** A revision is on trial, or no longer: the controller may be told. */
  readonly onTrial: () => void;
  readonly log: Log;
}

/** How the newest revision goes that is not the one that was reached. */
export type ConfigTry =
  | FailedTry
  | { readonly revision: number; readonly outcome: 'on-trial'; readonly detail: string };

/** A config that the controller cannot be met with for so long is taken back. */
export const TRIAL_MS = 5 * 60_000;
/** A trial that was begun in an earlier boot gets its time anew, in so many boots altogether. */
const TRIAL_BOOTS_MAX = 3;
const RETRY_MS = 60_000;
const DRIFT_LOOK_MS = 3_600_000;
const CHANGES_MAX = 20;
/** After these nothing was changed; after any other nobody knows. */
const REFUSALS: readonly string[] = [
  'invalid-argument',
  'permission-denied',
  'failed-precondition',
  'not-found',
  'unsupported',
];

/**
 * Brings the node to the config of a revision and keeps it there. A config is on trial until the controller has
 * acknowledged a report that was sent after it was applied; without that it is taken back, and its revision is not tried
 * again. One thing at a time; every step is on storage before it is taken, so that the next process finishes it.
 */
export class ConfigKeeper {
  readonly #options: ConfigKeeperOptions;
  readonly #stop = new AbortController();
  #turn: Promise<unknown> = Promise.resolve();
  #isBusy = false;
  #nextLookMs: number;
  #driftsCount = 0;

  constructor(options: ConfigKeeperOptions) {
    this.#options = options;
    this.#nextLookMs = options.clock.monotonicMs() + options.unit * DRIFT_LOOK_MS;
  }

  /** `undefined` = the newest revision that was tried is in place. */
  get newestTry(): ConfigTry | undefined {
    const { trial, failed } = this.#stored;
    if (trial === undefined) return failed;
    return { revision: trial.revision, outcome: 'on-trial', detail: '' };
  }

  /** How often somebody else's change was found, since the agent started; `undefined` while nothing is managed. */
  get driftsCount(): number | undefined {
    return this.state === undefined ? undefined : this.#driftsCount;
  }

  /** `undefined` while nothing is managed. */
  get state(): 'reached' | ConfigTry['outcome'] | undefined {
    return this.newestTry?.outcome ?? (this.#stored.reached?.config === undefined ? undefined : 'reached');
  }

  /** It was tried, and is not tried again. */
  hasFailed(revision: number): boolean {
    return this.#stored.failed?.revision === revision;
  }

  /** Finishes what an earlier process left open. Comes before everything else. */
  resume(): void {
    this.#inTurn(() => this.#resume()).catch((thrown: unknown) => {
      if (!this.#stop.signal.aborted) this.#options.log.error(errorFields(thrown), 'a config on trial was not settled');
    });
  }

  /**
   * Resolves when it is settled, which takes up to the length of a trial: `undefined` = it is in place and proven.
   * @throws BrambleError of the storage: nothing was tried; `cancelled` when the agent ends: the next process goes on
   */
  converge(revision: number, wire: WireConfig | undefined): Promise<FailedTry | undefined> {
    return this.#inTurn(() => this.#converge(revision, wire));
  }

  /** At every tick of the agent: looks for drift when it is time. */
  tick(): void {
    const { actuator, clock, contact, log } = this.#options;
    const config = this.#stored.reached?.config;
    const nowMs = clock.monotonicMs();
    // Out of contact a correction could not be proven, and would be taken back.
    if (nowMs < this.#nextLookMs || this.#isBusy || !contact.isOnline) return;
    if (config === undefined || actuator === undefined) return;
    this.#nextLookMs = nowMs + DRIFT_LOOK_MS;
    this.#inTurn(() => this.#correctDrift(actuator)).catch((thrown: unknown) => {
      if (!this.#stop.signal.aborted) log.warn(errorFields(thrown), 'whether the config drifted is not known');
    });
  }

  /** What is on trial stays so: the next process goes on. */
  stop(): void {
    this.#stop.abort();
  }

  get #stored(): StoredConfig {
    return this.#options.file.content;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(async () => {
      this.#isBusy = true;
      try {
        return await work();
      } finally {
        this.#isBusy = false;
      }
    });
    this.#turn = mine.catch(() => undefined); // told to whoever asked
    return mine;
  }

  async #resume(): Promise<void> {
    const { trial } = this.#stored;
    if (trial === undefined) return;
    const { clock, bootId } = this.#options;
    if (trial.phase === 'applying') {
      await this.#takeBack(trial, 'the node or its agent went down while it was being applied');
      return;
    }
    if (trial.bootId === bootId) {
      await this.#prove(trial);
      return;
    }
    const boots = trial.boots + 1;
    if (boots > TRIAL_BOOTS_MAX) {
      await this.#takeBack(trial, `the node booted ${boots - 1} times without meeting its controller`);
      return;
    }
    const again = { ...trial, bootId, boots, deadlineMs: Math.round(clock.monotonicMs() + TRIAL_MS) };
    await this.#options.file.replace({ ...this.#stored, trial: again });
    await this.#prove(again);
  }

  async #converge(revision: number, wire: WireConfig | undefined): Promise<FailedTry | undefined> {
    const { reached, failed } = this.#stored;
    if (failed?.revision === revision) return failed;
    if (reached?.revision === revision) return undefined;
    if (wire === undefined) {
      if (this.state !== undefined) await this.#options.file.replace({ reached: { revision, config: undefined } });
      return undefined;
    }
    let config: NodeConfig;
    try {
      config = readNodeConfig(wire);
    } catch (thrown) {
      return this.#failed({ revision, outcome: 'refused', detail: BrambleError.from(thrown).message });
    }
    return this.#try(revision, config, false);
  }

  async #correctDrift(actuator: ConfigActuator): Promise<void> {
    const { reached, failed } = this.#stored;
    if (reached?.config === undefined) return;
    const { revision, config } = reached;
    const drift = await actuator.check(config, this.#stop.signal);
    if (drift.length > 0) {
      this.#driftsCount += 1;
      this.#options.log.warn({ revision, drift: drift.slice(0, CHANGES_MAX) }, 'the config has drifted');
      await this.#try(revision, config, true);
    } else if (failed?.revision === revision) {
      await this.#keep({ reached }); // it came right by other hands
      this.#options.onTrial();
    }
  }

  async #try(revision: number, config: NodeConfig, isDrift: boolean): Promise<FailedTry | undefined> {
    const { actuator, bootId, clock, file, onTrial } = this.#options;
    if (actuator === undefined) {
      const detail = 'this agent has no privileged helper that could apply a config';
      return this.#failed({ revision, outcome: 'refused', detail });
    }
    const begun: Trial = {
      ...{ revision, config, isDrift, bootId, boots: 1, changes: [], phase: 'applying' },
      deadlineMs: 0,
    };
    const { failed: _failed, ...rest } = this.#stored;
    await file.replace({ ...rest, trial: begun });
    let trial: Trial;
    try {
      const changes = await actuator.apply(revision, config, this.#stop.signal);
      if (changes.length === 0) return await this.#reached(begun);
      const deadlineMs = Math.round(clock.monotonicMs() + TRIAL_MS);
      trial = { ...begun, phase: 'applied', changes: changes.slice(0, CHANGES_MAX), deadlineMs };
      await file.replace({ ...this.#stored, trial });
    } catch (thrown) {
      const error = BrambleError.from(thrown);
      this.#goesOn();
      const detail = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
      const isUntouched = REFUSALS.includes(error.code) || error.context['delivered'] === false;
      return isUntouched ? this.#failed({ revision, outcome: 'refused', detail }) : this.#takeBack(begun, detail);
    }
    onTrial();
    return this.#prove(trial);
  }

  /** Waits for the controller's word, and keeps or takes back. */
  async #prove(trial: Trial): Promise<FailedTry | undefined> {
    if (await this.#hearsController(trial.deadlineMs)) {
      await this.#insist('confirmed', (actuator) => actuator.confirm(trial.revision, this.#stop.signal));
      return this.#reached(trial);
    }
    return this.#takeBack(trial, `the controller was not met within ${renderDuration(TRIAL_MS)} after it was applied`);
  }

  async #hearsController(deadlineMs: number): Promise<boolean> {
    const { clock, contact } = this.#options;
    const waitMs = Math.max(0, deadlineMs - clock.monotonicMs());
    const enough = new AbortController();
    const signal = AbortSignal.any([enough.signal, this.#stop.signal]);
    let isProven = false;
    const giveUp = contact.await(() => {
      isProven = true;
      enough.abort();
    });
    await clock.sleep(waitMs, signal).catch(() => undefined); // proven, or the agent ends
    giveUp();
    if (!isProven) this.#goesOn();
    return isProven;
  }

  async #takeBack(trial: Trial, detail: string): Promise<FailedTry | undefined> {
    const undone = await this.#insist('taken back', (actuator) => actuator.undo(this.#stop.signal));
    // Nothing to take back of what was in place: an earlier process had it confirmed, and could not note it down.
    if (trial.phase === 'applied' && undone.length === 0) return this.#reached(trial);
    const { revision } = trial;
    // Drift is put right whenever it is found: there is no newer revision to wait for.
    return this.#failed({ revision, outcome: undone.length === 0 ? 'refused' : 'undone', detail });
  }

  /** @throws BrambleError `cancelled` when the agent ends: the next process finishes what this one leaves */
  #goesOn(): void {
    if (this.#stop.signal.aborted) throw new BrambleError('cancelled', 'the agent ends');
  }

  /** As long as it takes: until then nobody knows what this node is. */
  async #insist<T>(what: string, work: (actuator: ConfigActuator) => Promise<T>): Promise<T> {
    const { actuator, clock, log } = this.#options;
    for (;;) {
      try {
        if (actuator === undefined) throw new BrambleError('unsupported', 'there is no privileged helper any more');
        return await work(actuator);
      } catch (thrown) {
        this.#goesOn();
        log.warn({ ...errorFields(thrown), what }, 'a config could not be settled; trying again');
        await clock.sleep(RETRY_MS, this.#stop.signal);
      }
    }
  }

  async #reached({ revision, config, changes, isDrift }: Trial): Promise<undefined> {
    const outcome = isDrift ? NodeConfigOutcome.DRIFT_CORRECTED : NodeConfigOutcome.APPLIED;
    await this.#options.record({ revision, outcome, changes: [...changes], detail: '' });
    await this.#keep({ reached: { revision, config } });
    this.#options.log.info({ revision, changes }, 'the config is in place');
  }

  async #failed(failed: FailedTry): Promise<FailedTry> {
    const { revision, detail } = failed;
    const outcome = failed.outcome === 'undone' ? NodeConfigOutcome.UNDONE : NodeConfigOutcome.REFUSED;
    await this.#options.record({ revision, outcome, changes: [], detail: detail.slice(0, 1_024) });
    const { reached } = this.#stored;
    await this.#keep({ ...(reached !== undefined && { reached }), failed });
    this.#options.log.warn({ revision, outcome: failed.outcome, detail }, 'the config is not in place');
    return failed;
  }

  /** The facts are what they are, whether they can be noted down or not: the next process finds them out again. */
  async #keep(content: StoredConfig): Promise<void> {
    await this.#options.file.replace(content).catch((thrown: unknown) => {
      this.#options.log.warn(errorFields(thrown), 'what became of a config was not stored');
    });
  }
}
