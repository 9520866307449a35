import type { Sample } from '../../../proto/contract/facts.js';
import type { Progress } from '../../../proto/contract/progress.js';
import type { Command } from '../../../proto/gen/bramble/agent/v1/command.js';
import type { Host } from '../host/ports.js';
import type { Away, Back } from '../session/away.js';

/** For handlers outside of the kit. */
export { AwayFrom, MailboxVerb, PowerAction, ScrubAction } from '../../../proto/gen/bramble/agent/v1/command.js';

export type Action = NonNullable<Command['action']>;
export type ActionName = Action['$case'];
export type ActionArguments<Name extends ActionName> = Extract<Action, { $case: Name }>['value'];

export type Refusal = {
  readonly kind: 'rejected';
  readonly reason: 'precondition' | 'unsupported' | 'not-allowed' | 'invalid-argument';
  readonly detail: string;
};

export type Outcome =
  | { readonly kind: 'succeeded'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string }
  /** Reality does not tell. */
  | { readonly kind: 'unknown'; readonly detail: string };

/** What a handler may use: the host, the boot in which it runs, and the agent that it is part of. */
export interface ActionHost {
  readonly host: Host;
  readonly bootId: string;
  /** Of the command that is carried out. */
  readonly commandId: string;
  readonly agent: AgentView;
  /** Aborts when somebody wants the command ended. A handler that says `canStop` then ends, and puts back what it began. */
  readonly stopped: AbortSignal;
  /** Tells how far it is; as often as one likes. */
  tell(progress: Progress): void;
}

/** What an action may know and have of its own agent. */
export interface AgentView {
  /** This node's wall clock minus the controller's, whole ms; `undefined` before the first Welcome. */
  controllerOffsetMs(): number | undefined;
  /** True while the wall clock shows a time that has certainly passed. */
  clockUntrusted(): boolean;
  /** Commands that were begun here within the last hour of the controller's clock, also by processes before this one. */
  begunLastHourCount(): number;
  /** What the collectors last found. */
  samples(): readonly Sample[];
  /** The agent about itself: versions, controllers, heads of its outbox and ledger. No secrets. */
  describe(): Readonly<Record<string, unknown>>;
  /** How many addresses of controllers it knows. */
  addressesCount(): number;
  /** Drops its session as though its uplink were gone; resolves when a controller has welcomed it again. @throws `cancelled` */
  stayAway(away: Away, signal: AbortSignal): Promise<Back>;
  /** On a connection of its own, to whichever controller takes it. @throws BrambleError */
  upload(file: Upload, signal: AbortSignal): Promise<void>;
}

/** A file for the controller. */
export interface Upload {
  /** Command that asked for it. */
  readonly commandId: string;
  /** Letters, digits, dot, dash, underscore. */
  readonly name: string;
  readonly content: Uint8Array;
}

/**
 * Carries out one kind of action. The dispatcher has already checked signature, target, epoch, deadline and boot id,
 * and has synced "started", with `before`, to the ledger when run() is called.
 */
export interface CommandHandler<Arguments> {
  /** True: nothing may be done without a boot id precondition. */
  readonly requiresBootId: boolean;
  /** It can be ended once it runs. */
  readonly canStop?: boolean;
  /** It takes long, and touches nothing that other actions do: it waits for no other command, and none waits for it. */
  readonly isAside?: boolean;
  /** How long it may run, ms; ten minutes when absent. */
  readonly runLimitMs?: number;
  /** How long observe() may take, ms; three minutes when absent. */
  readonly observeLimitMs?: number;
  /** Refuses what must not be done here; `undefined` to go on. Changes nothing. */
  check(args: Arguments, context: ActionHost, signal: AbortSignal): Promise<Refusal | undefined>;
  /** What observe() will need to tell afterwards whether the action happened; kept in the ledger. */
  before(args: Arguments, context: ActionHost, signal: AbortSignal): Promise<string>;
  run(args: Arguments, context: ActionHost, signal: AbortSignal): Promise<Outcome>;
  /** Settles a run that was cut off, by looking at reality; never acts. */
  observe(args: Arguments, before: string, context: ActionHost, signal: AbortSignal): Promise<Outcome>;
}

/** The actions that an agent supports; keys come from the contract's oneof. */
export type Handlers = { readonly [Name in ActionName]?: CommandHandler<ActionArguments<Name>> };
