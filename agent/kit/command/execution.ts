import { BrambleError } from '../../../proto/contract/errors.js';
import {
  type Command,
  CommandState,
  type CommandUpdate,
  RejectionReason,
} from '../../../proto/gen/bramble/agent/v1/command.js';
import type { FinalState, Ledger, LedgerEntry } from '../durable/ledger.js';
import type { Host } from '../host/ports.js';
import { withLimit } from '../limit.js';
import { errorFields, type Log } from '../log.js';
import type { ControllerClock } from '../session/controller-clock.js';
import type { Action, ActionHost, AgentView, CommandHandler, Handlers, Outcome } from './handler.js';
import { findRefusal, fromHandler, type Refusal, rejected, repeated, type Situation } from './refusal.js';

export interface ExecutionOptions {
  readonly host: Host;
  readonly bootId: string;
  readonly handlers: Handlers;
  readonly ledger: Pick<Ledger, 'find' | 'accept' | 'start' | 'finish' | 'unfinished' | 'epochHighest'>;
  readonly controllerClock: ControllerClock;
  readonly agent: AgentView;
  /** Puts an update where it survives until the controller has committed it. */
  readonly tell: (update: CommandUpdate, priority: 'result' | 'normal') => Promise<void>;
  readonly log: Log;
}

type AnyHandler = CommandHandler<Action['value']>;

/** Looking at the world before acting, and noting what observe() will need, ms. */
const LOOK_LIMIT_MS = 30_000;
/** Hardly an action of ours takes as long, ms; a reboot that gets stuck says so after five minutes. */
const RUN_LIMIT_MS = 600_000;
/** What of a progress is told: every step of so many percent, and a word now and then, so that it is seen to live. */
const PROGRESS_STEP_PERCENT = 5;
const PROGRESS_EVERY_MS = 15_000;
/** Reality may need a while to settle after the agent came back, ms. */
const OBSERVE_LIMIT_MS = 180_000;
const DETAIL_CHARACTERS_MAX = 4_096;

const FINAL_STATE = {
  succeeded: CommandState.SUCCEEDED,
  failed: CommandState.FAILED,
  unknown: CommandState.UNKNOWN,
} as const satisfies Record<Outcome['kind'], FinalState>;

/**
 * One command from its first check to its result. Order is everything: ledger "accepted", told; ledger "started", then
 * the action; result told, then ledger "finished". A crash between the last two makes a second result that comes too late
 * to matter; the other way round it could lose the only one.
 */
export class CommandExecution {
  readonly #options: ExecutionOptions;
  /** Of the commands that run. */
  readonly #stops = new Map<string, AbortController>();

  constructor(options: ExecutionOptions) {
    this.#options = options;
  }

  /** Ends a command that runs. `false`: it does not run, or cannot be ended. */
  stop(commandId: string): boolean {
    const stop = this.#stops.get(commandId);
    stop?.abort();
    return stop !== undefined;
  }

  /** It waits for no other command, and none waits for it. */
  isAside(command: Command): boolean {
    return this.#handlerOf(command)?.isAside === true;
  }

  situation(command: Command): Situation {
    const { bootId, ledger, controllerClock } = this.#options;
    const { epochHighest } = ledger;
    return { bootId, epochHighest, controllerNowMs: controllerClock.nowMs(), handler: this.#handlerOf(command) };
  }

  /** A new command. Answers with the reason when nothing of it entered the ledger. */
  async carryOut(command: Command, signal: AbortSignal): Promise<Refusal | undefined> {
    const { ledger, host } = this.#options;
    const refusal = await this.#look(command, signal);
    if (refusal !== undefined) return refusal;
    try {
      await ledger.accept(command, host.clock.monotonicMs());
    } catch (thrown) {
      const { code, message } = BrambleError.from(thrown);
      const known = code === 'already-exists' ? ledger.find(command.id) : undefined;
      if (known === undefined) return { rejection: RejectionReason.LEDGER_UNAVAILABLE, detail: message };
      await this.#options.tell(repeated(known), 'result');
      return undefined;
    }
    await this.#tell(command, { state: CommandState.ACCEPTED }, 'normal');
    await this.#start(command, signal);
    return undefined;
  }

  /** What an earlier process left open: not started = started now if there is time; started = never again, only observed. */
  async settle(entry: LedgerEntry, signal: AbortSignal): Promise<undefined> {
    const { command, state, before } = entry;
    if (state === CommandState.STARTED) {
      await this.#finish(command, await this.#observe(command, before, signal), 0);
      return;
    }
    await this.#options.controllerClock.known(signal);
    const refusal = await this.#look(command, signal);
    if (refusal === undefined) await this.#start(command, signal);
    else await this.#withdraw(command, refusal);
  }

  /** The checks that do not change anything. */
  async #look(command: Command, signal: AbortSignal): Promise<Refusal | undefined> {
    const refusal = findRefusal(command, this.situation(command));
    const { action } = command;
    const handler = this.#handlerOf(command);
    if (refusal !== undefined || handler === undefined || action === undefined) return refusal;
    try {
      const found = await this.#within(LOOK_LIMIT_MS, signal, (inner) =>
        handler.check(action.value, this.#contextOf(command), inner),
      );
      return found && fromHandler(found);
    } catch (error) {
      return asRefusal(error, signal);
    }
  }

  /** Accepted already; nothing has been done yet. */
  async #start(command: Command, signal: AbortSignal): Promise<void> {
    const { ledger, host } = this.#options;
    const { action } = command;
    const handler = this.#handlerOf(command);
    let before: string;
    try {
      if (handler === undefined || action === undefined) return; // refused by every look before
      before = await this.#within(LOOK_LIMIT_MS, signal, (inner) =>
        handler.before(action.value, this.#contextOf(command), inner),
      );
    } catch (error) {
      await this.#withdraw(command, asRefusal(error, signal));
      return;
    }
    // Looking and writing take their time, on a worn card more than anybody expects.
    const late = findRefusal(command, this.situation(command));
    if (late !== undefined) {
      await this.#withdraw(command, late);
      return;
    }
    try {
      await ledger.start(command.id, before);
    } catch (error) {
      const { message } = BrambleError.from(error);
      await this.#withdraw(command, { rejection: RejectionReason.LEDGER_UNAVAILABLE, detail: message });
      return;
    }
    await this.#tell(command, { state: CommandState.STARTED }, 'normal');
    const startedMs = host.clock.monotonicMs();
    const outcome = await this.#run(command, { handler, arguments: action.value, before }, signal);
    await this.#finish(command, outcome, host.clock.monotonicMs() - startedMs);
  }

  /** A run that ends in anything but an outcome is settled like one that a crash cut off. */
  async #run(
    command: Command,
    run: { readonly handler: AnyHandler; readonly arguments: Action['value']; readonly before: string },
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { handler } = run;
    try {
      return await this.#stoppable(command, handler, (context) =>
        this.#within(handler.runLimitMs ?? RUN_LIMIT_MS, signal, (inner) => handler.run(run.arguments, context, inner)),
      );
    } catch (error) {
      if (signal.aborted) throw error;
      this.#options.log.warn(
        { ...errorFields(error), commandId: command.id },
        'action gave no outcome; looking at reality',
      );
      return await this.#observe(command, run.before, signal);
    }
  }

  /** What `work` does can be ended meanwhile, where its handler can. */
  async #stoppable(
    command: Command,
    { canStop }: AnyHandler,
    work: (context: ActionHost) => Promise<Outcome>,
  ): Promise<Outcome> {
    const stop = new AbortController();
    if (canStop === true) this.#stops.set(command.id, stop);
    try {
      return await work({ ...this.#contextOf(command), stopped: stop.signal });
    } finally {
      this.#stops.delete(command.id);
    }
  }

  async #observe(command: Command, before: string, signal: AbortSignal): Promise<Outcome> {
    const { action } = command;
    const handler = this.#handlerOf(command);
    if (handler === undefined || action === undefined) {
      return { kind: 'unknown', detail: 'this agent cannot tell what became of it: it does not know the action' };
    }
    try {
      return await this.#stoppable(command, handler, (context) =>
        this.#within(handler.observeLimitMs ?? OBSERVE_LIMIT_MS, signal, (inner) =>
          handler.observe(action.value, before, context, inner),
        ),
      );
    } catch (error) {
      if (signal.aborted) throw error; // the next process looks
      return { kind: 'unknown', detail: `looking at what became of it: ${BrambleError.from(error).message}` };
    }
  }

  async #finish(command: Command, outcome: Outcome, tookMs: number): Promise<void> {
    const state = FINAL_STATE[outcome.kind];
    const detail = outcome.detail.slice(0, DETAIL_CHARACTERS_MAX);
    this.#options.log.info({ commandId: command.id, outcome: outcome.kind, detail }, 'command finished');
    await this.#tell(command, { state, detail, tookMs: Math.round(tookMs) }, 'result');
    await this.#close(command, state, detail);
  }

  /** It was accepted, and nothing will be done. */
  async #withdraw(command: Command, refusal: Refusal): Promise<void> {
    this.#options.log.warn({ commandId: command.id, detail: refusal.detail }, 'command withdrawn before it started');
    await this.#options.tell(rejected(command.id, refusal), 'result');
    await this.#close(command, CommandState.REJECTED, refusal.detail);
  }

  async #close(command: Command, state: FinalState, detail: string): Promise<void> {
    try {
      await this.#options.ledger.finish(command.id, state, detail);
    } catch (error) {
      // Memory knows it; a process that does not will settle it once more, and never run it.
      this.#options.log.warn(
        { ...errorFields(error), commandId: command.id },
        'the ledger did not take the end of a command',
      );
    }
  }

  async #tell(
    command: Pick<Command, 'id'>,
    part: Partial<CommandUpdate> & Pick<CommandUpdate, 'state'>,
    priority: 'result' | 'normal',
  ): Promise<void> {
    const update: CommandUpdate = {
      commandId: command.id,
      rejection: RejectionReason.UNSPECIFIED,
      detail: '',
      tookMs: 0,
      progress: undefined,
      ...part,
    };
    await this.#options.tell(update, priority);
  }

  #within<T>(limitMs: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withLimit({ clock: this.#options.host.clock, limitMs, signal }, work);
  }

  #contextOf({ id: commandId }: Command): ActionHost {
    const { host, bootId, agent } = this.#options;
    return { host, bootId, commandId, agent, stopped: new AbortController().signal, tell: this.#progressOf(commandId) };
  }

  /** The first word and the last one are told, and of those between only so many. */
  #progressOf(commandId: string): ActionHost['tell'] {
    const { clock } = this.#options.host;
    let [toldPercent, toldMs] = [-PROGRESS_STEP_PERCENT, clock.monotonicMs()];
    return ({ percent, doneBytes, totalBytes }) => {
      const nowMs = clock.monotonicMs();
      if (percent < toldPercent + PROGRESS_STEP_PERCENT && nowMs < toldMs + PROGRESS_EVERY_MS) return;
      [toldPercent, toldMs] = [percent, nowMs];
      const part = { state: CommandState.STARTED, progress: { percent, doneBytes, totalBytes } };
      void this.#tell({ id: commandId }, part, 'normal').catch((error: unknown) => {
        this.#options.log.warn({ ...errorFields(error), commandId }, 'progress was not told');
      });
    };
  }

  #handlerOf({ action }: Command): AnyHandler | undefined {
    return action && this.#options.handlers[action.$case];
  }
}

/** Nothing was done: what went wrong while looking stands against the command. A stop is no answer, and passes on. */
function asRefusal(error: unknown, signal: AbortSignal): Refusal {
  if (signal.aborted) throw error;
  return { rejection: RejectionReason.PRECONDITION, detail: BrambleError.from(error).message };
}
