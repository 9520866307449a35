import type { CommandCreate } from '../../proto/contract/api/requests.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { type CommandId, commandId, type NodeId, type SiteId } from '../../proto/contract/ids.js';
import { uuidv7 } from '../../proto/contract/random.js';
import { visible } from '../../proto/contract/visible.js';
import type { Actor } from '../domain/access/actor.js';
import type { CommandRecord, CommandState, SignedCommand } from '../domain/command.js';
import { advanceCommand, type CommandHappening, OPEN_STATES } from '../domain/command-lifecycle.js';
import { judgeCommand } from '../domain/command-policy.js';
import type { Node } from '../domain/node.js';
import { CommandDeadlines } from './command-deadlines.js';
import type { CommandHold } from './command-hold.js';
import type { Counters } from './counters.js';
import { carryOut, type Prepared } from './mutation.js';
import type { LiveSession, NodeEntry, NodeTable } from './node-table.js';
import type { CommandCodec, Store, StoreWriter, Trust, World } from './ports.js';
import { renderAction, tellCommand } from './settle-command.js';

const PAGE_MAX = 1_000;
const LAPSES_PER_SWEEP = 200;
/** Unsettled commands are asked after when their node comes back: this many, and none older than this. */
const ASKED_MAX = 16;
const ASKED_AGE_MAX_MS = 86_400_000;

/** `site`: where the node is that a command is for. */
export type MayStill = (actorName: string, permission: 'commands.issue', site: SiteId) => Promise<boolean>;

export interface CommandDeps {
  readonly store: Store;
  readonly world: World;
  readonly trust: Pick<Trust, 'signCommand'>;
  readonly codec: CommandCodec;
  readonly nodes: NodeTable;
  readonly hold: CommandHold;
  readonly counters: Counters;
  /** Whether who ordered it, by the name on record, may still have it done. */
  readonly mayStill: MayStill;
  readonly onCommitted: () => void;
}

export interface PreparedCommand extends Prepared<CommandRecord> {
  /** As it will be once it is committed. */
  readonly record: CommandRecord;
}

/**
 * Issues commands and follows them to their end. What is signed is committed before it is sent, and sent again unchanged
 * whenever its node comes back and has not answered: actuators act at most once, so repeating is safe and silence is not.
 */
export class Commands {
  readonly #deps: CommandDeps;
  readonly #deadlines = new CommandDeadlines();
  #sweeping: Promise<void> | undefined;

  constructor(deps: CommandDeps) {
    this.#deps = deps;
  }

  get openCount(): number {
    return this.#deadlines.count;
  }

  /** Learns of commands that were open when the controller stopped. */
  async load(): Promise<void> {
    const { store, nodes } = this.#deps;
    const open = await store.reader.commandsInState(OPEN_STATES, { limit: PAGE_MAX });
    for (const record of open) this.#deadlines.note(record);
    if (open.length < PAGE_MAX) return;
    for (const { node } of nodes.all()) {
      for (const record of await store.reader.commands(node.id, OPEN_STATES, { limit: PAGE_MAX }))
        this.#deadlines.note(record);
    }
  }

  /** @throws BrambleError `not-found`, `failed-precondition`, `invalid-argument` */
  async issue(nodeId: NodeId, create: CommandCreate, actor: Actor): Promise<CommandRecord> {
    return await carryOut(this.#deps.store, (writer) => this.issueIn(writer, nodeId, create, actor));
  }

  /** The same as a part of a larger change: signed and written now, sent once all of it is committed. */
  async issueIn(writer: StoreWriter, nodeId: NodeId, create: CommandCreate, actor: Actor): Promise<PreparedCommand> {
    const { trust, codec, nodes } = this.#deps;
    const node = await writer.node(nodeId); // as it is stored now: it may just have been revoked or frozen
    if (node === undefined) throw new BrambleError('not-found', `node ${nodeId} is not known`);
    const session = nodes.get(nodeId)?.session;
    const record = this.#makeRecord(node, session, { create, actor });
    const signed = trust.signCommand(codec.encode(record));
    const message = `${actor.name} ordered ${renderAction(record)}: ${record.reason}`;
    this.#deadlines.note(record); // counts against the node's limit from now on, not only after the commit
    const undone = (): void => this.#deadlines.forget(record.id);
    try {
      await writer.putCommand(record, signed);
      const atMs = record.issuedAtMs;
      await writer.addFleetEvent({ atMs, nodeId, severity: 'info', reason: 'CommandIssued', message });
      const done = { atMs, actor, target: nodeId, site: node.site, outcome: 'done' } as const;
      const details = { command: record.id, what: renderAction(record), reason: record.reason };
      await writer.audit.add({ ...done, action: 'command.issue', details });
    } catch (thrown) {
      undone();
      throw thrown;
    }
    return { record, undone, committed: () => this.#issued(record, signed, session) };
  }

  async #issued(
    record: CommandRecord,
    signed: SignedCommand,
    session: LiveSession | undefined,
  ): Promise<CommandRecord> {
    const { counters, nodes, onCommitted } = this.#deps;
    counters.add('commands_issued_total');
    onCommitted();
    const entry = nodes.get(record.nodeId);
    if (record.state === 'dispatched') session?.connection.send({ kind: 'command', command: signed });
    else if (entry?.session !== undefined) await this.dispatchTo(entry); // it connected while we were writing
    return record;
  }

  /** Sends what waits for a node that just came into service, and asks after what was never settled. */
  async dispatchTo(entry: NodeEntry): Promise<void> {
    const { store, hold, world, counters } = this.#deps;
    if (hold.because !== undefined || entry.node.lifecycle !== 'enrolled') return;
    const states: readonly CommandState[] = ['issued', 'dispatched', 'unknown'];
    const records = await store.reader.commands(entry.node.id, states, { limit: PAGE_MAX });
    const nowMs = world.clock.nowMs();
    const waiting = records.filter(
      (record) => record.state !== 'unknown' && nowMs < record.issuedAtMs + record.validForMs,
    );
    const asked = records.filter(
      (record) => record.state === 'unknown' && nowMs < record.issuedAtMs + ASKED_AGE_MAX_MS,
    );
    const { allowed, forbidden } = await this.#divide(waiting, entry.node.site);
    if (forbidden.length > 0) await this.#advance(idsOf(forbidden), { kind: 'right-withdrawn' });
    const issued = allowed.filter((record) => record.state === 'issued');
    const { session } = entry;
    if (issued.length > 0) await this.#advance(idsOf(issued), { kind: 'dispatched' });
    // Past its deadline an actuator never runs a command: it answers with what it did, or that it is too late.
    for (const { id } of [...asked.slice(-ASKED_MAX), ...allowed]) {
      const command = await store.reader.signedCommand(id);
      if (command === undefined || session === undefined || session.isOver) continue;
      counters.add('commands_sent_again_total');
      session.connection.send({ kind: 'command', command });
    }
  }

  /** Takes note of records that were changed elsewhere: by the node's own word. */
  changed(records: readonly CommandRecord[]): void {
    for (const record of records) this.#deadlines.note(record);
  }

  /** Once a second: gives up what its deadline has passed. */
  sweep(): void {
    const due = this.#deadlines.due(this.#deps.world.clock.nowMs(), LAPSES_PER_SWEEP);
    if (due.length === 0 || this.#sweeping !== undefined) return;
    this.#sweeping = this.#advance(due, { kind: 'time-passed' })
      .catch((thrown: unknown) => {
        this.#deps.world.log.warn({ err: thrown, commands: due.length }, 'deadlines could not be written; tried again');
      })
      .finally(() => {
        this.#sweeping = undefined;
      });
  }

  /** A revoked node will never answer. */
  async nodeRevoked(nodeId: NodeId): Promise<void> {
    const open = await this.#deps.store.reader.commands(nodeId, OPEN_STATES, { limit: PAGE_MAX });
    if (open.length > 0)
      await this.#advance(
        open.map((record) => record.id),
        { kind: 'node-revoked' },
      );
  }

  async settled(): Promise<void> {
    await this.#sweeping;
  }

  /** Who lost the right to order it while it waited does not have it done, however it was when they asked. */
  async #divide(
    records: readonly CommandRecord[],
    site: SiteId,
  ): Promise<{ readonly allowed: readonly CommandRecord[]; readonly forbidden: readonly CommandRecord[] }> {
    const may = new Map<string, boolean>();
    for (const { actor } of records) {
      if (!may.has(actor)) may.set(actor, await this.#deps.mayStill(actor, 'commands.issue', site));
    }
    return {
      allowed: records.filter(({ actor }) => may.get(actor) === true),
      forbidden: records.filter(({ actor }) => may.get(actor) !== true),
    };
  }

  #makeRecord(
    node: Node,
    session: LiveSession | undefined,
    { create, actor }: { readonly create: CommandCreate; readonly actor: Actor },
  ): CommandRecord {
    const { world, hold } = this.#deps;
    const decision = judgeCommand({
      action: create.action,
      lifecycle: node.lifecycle,
      heldBecause: hold.because,
      live: session === undefined ? undefined : { ...session.identity, supportedActions: session.supportedActions },
      openCount: this.#deadlines.openCount(node.id),
    });
    if (decision.kind === 'refused') {
      throw new BrambleError(decision.code, `${visible(node.name, 63)}: ${decision.why}`, { hint: decision.hint });
    }
    const nowMs = world.clock.nowMs();
    return {
      id: commandId(uuidv7(nowMs, world.random)),
      nodeId: node.id,
      action: create.action,
      // It is written as sent before it is sent: what is still `issued` was surely never sent.
      state: session === undefined ? 'issued' : 'dispatched',
      rejection: undefined,
      detail: '',
      epoch: hold.epoch,
      issuedAtMs: nowMs,
      validForMs: create.validForMs,
      bootId: decision.bootId,
      reason: visible(create.reason, 500),
      actor: visible(actor.name, 100),
      updatedAtMs: nowMs,
    };
  }

  async #advance(ids: readonly CommandId[], what: CommandHappening): Promise<void> {
    const { store, world } = this.#deps;
    const nowMs = world.clock.nowMs();
    const records = await store.transact(async (writer) => {
      const now: CommandRecord[] = [];
      for (const id of ids) {
        const record = await writer.command(id);
        if (record !== undefined) now.push(await advanceStored(writer, record, what, nowMs));
      }
      return now;
    });
    for (const id of ids) this.#deadlines.forget(id); // also those that retention has removed
    this.changed(records);
    this.#deps.onCommitted();
  }
}

function idsOf(records: readonly CommandRecord[]): readonly CommandId[] {
  return records.map(({ id }) => id);
}

async function advanceStored(
  writer: StoreWriter,
  record: CommandRecord,
  what: CommandHappening,
  nowMs: number,
): Promise<CommandRecord> {
  const next = advanceCommand(record, what, nowMs);
  if (next === record) return record;
  await writer.putCommand(next, undefined);
  const words = tellCommand(next);
  if (words !== undefined) await writer.addFleetEvent({ atMs: nowMs, nodeId: record.nodeId, ...words });
  return next;
}
