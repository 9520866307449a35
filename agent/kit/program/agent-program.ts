import type { NodeKind } from '../../../proto/contract/ids.js';
import type { ActionPolicy } from '../actions/index.js';
import type { Collector } from '../collect/collector.js';
import type { AgentProbe } from '../collect/probe.js';
import type { OtherRoot } from '../collectors/index.js';
import type { Handlers } from '../command/handler.js';
import type { Files, Host } from '../host/ports.js';
import type { OwnOrders } from '../machine/local-machine.js';
import type { ConfigActuator } from '../node-config/machine.js';
import type { Watch } from '../watch/watch.js';
import type { ProgramIo } from './program-io.js';

/** What the one who starts a program wants of its collectors. */
export interface CollectorWishes {
  /** A root that is only looked at. */
  readonly otherRoot?: OtherRoot | undefined;
  /** Where a running agent keeps its state; empty for one that looks once. */
  readonly stateDir?: string | undefined;
  /** Storage of the agent's state that shall be verified by writing to it. */
  readonly verifyWrites?: { readonly files: Files; readonly stateDir: string } | undefined;
}

export type ActingHost = Pick<Host, 'clock' | 'machine'>;

/** The part of an agent that acts with root's rights. Loaded only by the processes that need it. */
export interface OwnProgram {
  orders(): OwnOrders;
  /** Keeps what an order has left open until it is not. @param duty what exactly; empty = whatever is open */
  keep(duty: string, tell: (words: string) => void, signal: AbortSignal): Promise<void>;
}

/** What one of the three agents is made of; everything else is shared. */
export interface AgentProgram {
  readonly kind: NodeKind;
  /** As the program is called. */
  readonly name: string;
  /** Where its configuration is unless --config says otherwise. */
  readonly configPath: string;
  /** Where its identity, outbox and ledger are unless the configuration says otherwise. */
  readonly stateDir: string;
  collectors(probe: AgentProbe, wishes: CollectorWishes): readonly Collector[];
  /** What is looked at more often than reports go. */
  readonly watches?: (probe: AgentProbe, stateDir: string) => readonly Watch[];
  handlers(policy: ActionPolicy, stateDir: string): Handlers;
  /** Puts in place what of a node config only this kind of agent has; `base`: everything else, `undefined` where nobody does. */
  readonly configActuator?: (host: ActingHost, base: ConfigActuator | undefined) => ConfigActuator;
  /** What needs root's rights and only this kind of agent does: in its helper, or in itself where it has them. */
  readonly own?: OwnProgram;
  /** Does what lies in the mailbox of this root, once. Answers with the exit code. */
  readonly mailbox?: (io: ProgramIo) => Promise<number>;
}
