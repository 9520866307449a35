import { BrambleError } from '../../../proto/contract/errors.js';
import { COLLECTOR_STATES, type CollectorState, type Sample } from '../../../proto/contract/facts.js';
import type { Collected, Collector, CollectorHost } from './collector.js';
import { nextRunMs, phaseMs } from './due.js';

/**
 * One collector and what its last run said. Invariants: at most one run at a time, however long it hangs; what a run says
 * after its timeout is nobody's business; samples are those of the last run that ended well, or none.
 */
export class CollectorRun {
  readonly #collector: Collector;
  readonly #host: CollectorHost;
  readonly #phaseMs: number;
  #dueMs = Number.NEGATIVE_INFINITY;
  /** Settles when the run is judged: at its end or at its timeout. `undefined` while none is under way. */
  #judged: Promise<void> | undefined;
  /** The collector's own promise is open, judged or not. */
  #isRunning = false;
  /** Given to every run, and replaced once it was aborted: making one for each would cost more than most runs. */
  #abort = new AbortController();
  #timer: AbortController | undefined;
  #samples: readonly Sample[] = [];
  #ownSamples: readonly Sample[] = [];

  constructor(collector: Collector, host: CollectorHost, nodeId: string) {
    this.#collector = collector;
    this.#host = host;
    this.#phaseMs = phaseMs(nodeId, collector.name, collector.intervalMs);
  }

  /** What the last run found. Nothing before the first run was judged. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** How the last run went. */
  get ownSamples(): readonly Sample[] {
    return this.#ownSamples;
  }

  /** Starts a run when one is due. Answers with the moment it is judged, or with nothing when there is nothing to wait for. */
  startWhenDue(): Promise<void> | undefined {
    const nowMs = this.#host.clock.monotonicMs();
    if (!this.#isRunning && nowMs >= this.#dueMs) {
      this.#dueMs = nextRunMs(nowMs, this.#collector.intervalMs, this.#phaseMs);
      this.#start(nowMs);
    }
    return this.#judged;
  }

  /** Gives up the run that is under way, for good. */
  stop(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#abort.abort();
    this.#timer?.abort();
  }

  #start(startedMs: number): void {
    let answer: Collected | Promise<Collected>;
    try {
      answer = this.#collector.collect(this.#host, this.#abort.signal);
    } catch (error) {
      this.#failed(error, startedMs);
      return;
    }
    if (answer instanceof Promise) this.#judged = this.#await(answer, startedMs);
    else this.#ended(answer, startedMs);
  }

  async #await(answer: Promise<Collected>, startedMs: number): Promise<void> {
    const { timeoutMs } = this.#collector;
    this.#isRunning = true;
    let isJudged = false;
    const done = answer
      .then(
        (collected) => {
          if (!isJudged) this.#ended(collected, startedMs);
        },
        (error: unknown) => {
          if (!isJudged) this.#failed(error, startedMs);
        },
      )
      .finally(() => {
        this.#isRunning = false;
      });
    this.#timer = new AbortController();
    const timeout = this.#host.clock.sleep(timeoutMs, this.#timer.signal).then(
      () => 'timed-out' as const,
      () => 'over' as const, // the run ended first, or the agent ends
    );
    const how = await Promise.race([done, timeout]);
    isJudged = true;
    this.#judged = undefined;
    this.#timer.abort();
    if (how !== 'timed-out') return;
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#samples = [];
    this.#tell('timed-out', timeoutMs, `no answer within ${timeoutMs} ms`);
  }

  #ended(collected: Collected, startedMs: number): void {
    this.#samples = collected.kind === 'ok' ? collected.samples : [];
    this.#tell(collected.kind, this.#host.clock.monotonicMs() - startedMs, '');
  }

  #failed(error: unknown, startedMs: number): void {
    this.#samples = [];
    this.#tell('failed', this.#host.clock.monotonicMs() - startedMs, BrambleError.from(error).message);
  }

  #tell(state: CollectorState, durationMs: number, error: string): void {
    const instance = this.#collector.name;
    const samples: Sample[] = [
      { fact: 'collector_state', instance, value: COLLECTOR_STATES[state] },
      { fact: 'collector_duration_us', instance, value: durationMs * 1_000 },
    ];
    if (error !== '') samples.push({ fact: 'collector_error_text', instance, value: error });
    this.#ownSamples = samples;
  }
}
