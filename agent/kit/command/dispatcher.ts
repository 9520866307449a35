import { BrambleError } from '../../../proto/contract/errors.js';
import {
  type Command,
  type CommandUpdate,
  RejectionReason,
  type SignedCommand,
} from '../../../proto/gen/bramble/agent/v1/command.js';
import type { CommandKey } from '../../../proto/gen/bramble/agent/v1/enrollment.js';
import type { LedgerEntry } from '../durable/ledger.js';
import { errorFields } from '../log.js';
import { makeCancel } from './cancel.js';
import { CommandExecution, type ExecutionOptions } from './execution.js';
import type { ActionName } from './handler.js';
import { findRefusal, type Refusal, rejected, repeated } from './refusal.js';
import { openCommand } from './verify.js';

export interface DispatcherOptions extends ExecutionOptions {
  readonly nodeId: string;
  /** Whose commands this node obeys; asked anew for every command, because a renewal may change them. */
  readonly commandKeys: () => readonly CommandKey[];
}

/** Commands that wait for their turn. */
export const QUEUE_MAX = 16;
/** Commands that run beside each other and all others. */
export const ASIDE_MAX = 16;
/** Refused commands whose answer is remembered, so that a repeated one gets the same. */
const REFUSED_MAX = 64;

/** What the worker does next: a new command, or an entry that an earlier process left open. */
type Work =
  | { readonly kind: 'new'; readonly command: Command }
  | { readonly kind: 'settle'; readonly entry: LedgerEntry };

/**
 * Carries out commands, one at a time but for those that touch nothing of what others do. Invariants: nothing is done for a command that is not signed by a pinned key, for
 * this node, in time; nothing starts before the ledger has synced it; nothing starts twice, whatever dies in between;
 * every refusal is told with its reason.
 */
export class CommandDispatcher {
  readonly #options: DispatcherOptions;
  readonly #execution: CommandExecution;
  readonly #queue: Work[] = [];
  /** Waiting or running. */
  readonly #open = new Set<string>();
  readonly #refused = new Map<string, Refusal>();
  readonly #stop = new AbortController();
  #running: ActionName | undefined;
  #worker: Promise<void> | undefined;
  readonly #aside = new Set<Promise<void>>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const cancelCommand = makeCancel((commandId) => this.#cancel(commandId));
    this.#execution = new CommandExecution({ ...options, handlers: { ...options.handlers, cancelCommand } });
  }

  /** What is being done at this moment. */
  get runningAction(): ActionName | undefined {
    return this.#running;
  }

  /** Takes up what an earlier process left open: before anything new. */
  settle(): void {
    for (const entry of this.#options.ledger.unfinished()) {
      this.#open.add(entry.command.id);
      this.#take({ kind: 'settle', entry });
    }
  }

  /** Never throws: what cannot be done is refused, and told. */
  receive(signed: SignedCommand): void {
    const { nodeId, host, commandKeys } = this.#options;
    const opened = openCommand(signed, commandKeys(), host.keys);
    if (opened.kind !== 'command') {
      const { claimedId, detail } = opened;
      const { BAD_SIGNATURE, INVALID_ARGUMENT } = RejectionReason;
      const rejection = opened.kind === 'unreadable' ? INVALID_ARGUMENT : BAD_SIGNATURE;
      void this.#tellRefusal(claimedId, { rejection, detail });
      return;
    }
    const { command } = opened;
    if (command.targetNodeId !== nodeId) {
      const detail = `it is for node ${command.targetNodeId}; this is ${nodeId}`;
      void this.#tellRefusal(command.id, { rejection: RejectionReason.WRONG_TARGET, detail });
      return;
    }
    this.#admit(command);
  }

  /** Resolves once nothing runs any more. What was cut off is settled by the next process. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#queue.length = 0;
    await Promise.all([this.#worker, ...this.#aside]);
  }

  #admit(command: Command): void {
    if (this.#stop.signal.aborted || this.#open.has(command.id)) return; // its outcome will be told, by this process or the next
    if (this.#repeatOutcome(command.id)) return;
    const refusal = findRefusal(command, this.#execution.situation(command)) ?? this.#whenBusy(command);
    if (refusal !== undefined) {
      this.#refuse(command.id, refusal);
      return;
    }
    this.#open.add(command.id);
    this.#take({ kind: 'new', command });
  }

  #take(work: Work): void {
    if (!this.#execution.isAside(commandOf(work))) {
      this.#queue.push(work);
      this.#work();
      return;
    }
    const running = this.#do(work).finally(() => this.#aside.delete(running));
    this.#aside.add(running);
  }

  #cancel(commandId: string): 'not-begun' | 'asked' | 'not-possible' {
    const at = this.#queue.findIndex((work) => work.kind === 'new' && work.command.id === commandId);
    if (at < 0) return this.#execution.stop(commandId) ? 'asked' : 'not-possible';
    this.#queue.splice(at, 1);
    this.#open.delete(commandId);
    this.#refuse(commandId, { rejection: RejectionReason.PRECONDITION, detail: 'it was cancelled before it began' });
    return 'not-begun';
  }

  #whenBusy(command: Command): Refusal | undefined {
    const busy = (detail: string): Refusal => ({ rejection: RejectionReason.BUSY, detail });
    // What ends others must find room when nothing else does.
    if (command.action?.$case === 'cancelCommand') return undefined;
    if (this.#execution.isAside(command)) {
      return this.#aside.size < ASIDE_MAX ? undefined : busy(`${ASIDE_MAX} commands of this kind run already`);
    }
    return this.#queue.length < QUEUE_MAX ? undefined : busy(`${QUEUE_MAX} commands wait already`);
  }

  /** A command that came before is never judged or run again. */
  #repeatOutcome(commandId: string): boolean {
    const entry = this.#options.ledger.find(commandId);
    const refusal = this.#refused.get(commandId);
    if (entry !== undefined) void this.#tell(repeated(entry), 'result');
    else if (refusal !== undefined) void this.#tellRefusal(commandId, refusal);
    return entry !== undefined || refusal !== undefined;
  }

  #refuse(commandId: string, refusal: Refusal): void {
    const [oldest] = this.#refused.keys();
    if (this.#refused.size >= REFUSED_MAX && oldest !== undefined) this.#refused.delete(oldest);
    this.#refused.set(commandId, refusal);
    void this.#tellRefusal(commandId, refusal);
  }

  async #tellRefusal(commandId: string, refusal: Refusal): Promise<void> {
    this.#options.log.warn({ commandId, detail: refusal.detail }, 'command refused');
    await this.#tell(rejected(commandId, refusal), 'result');
  }

  async #tell(update: CommandUpdate, priority: 'result' | 'normal'): Promise<void> {
    try {
      await this.#options.tell(update, priority);
    } catch (error) {
      this.#options.log.error({ ...errorFields(error), commandId: update.commandId }, 'command update cannot be kept');
    }
  }

  #work(): void {
    this.#worker ??= this.#workOff().finally(() => {
      this.#worker = undefined;
    });
  }

  async #workOff(): Promise<void> {
    for (let work = this.#queue.shift(); work !== undefined; work = this.#queue.shift()) {
      this.#running = commandOf(work).action?.$case;
      await this.#do(work);
      this.#running = undefined;
    }
  }

  /** Never throws. */
  async #do(work: Work): Promise<void> {
    const command = commandOf(work);
    try {
      const refusal =
        work.kind === 'new'
          ? await this.#execution.carryOut(command, this.#stop.signal)
          : await this.#execution.settle(work.entry, this.#stop.signal);
      if (refusal !== undefined) this.#refuse(command.id, refusal);
    } catch (thrown) {
      const error = BrambleError.from(thrown);
      if (error.code !== 'cancelled')
        this.#options.log.error({ ...errorFields(thrown), commandId: command.id }, 'command left open');
    } finally {
      this.#open.delete(command.id);
    }
  }
}

const commandOf = (work: Work): Command => (work.kind === 'new' ? work.command : work.entry.command);
