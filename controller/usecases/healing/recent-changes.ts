import { SWITCH_CHANGE_STATES } from '../../../proto/contract/facts.js';
import type { CommandId, NodeId } from '../../../proto/contract/ids.js';
import { HEALING } from '../../domain/access/actor.js';
import type { CommandRecord } from '../../domain/command.js';
import type { Change } from '../../domain/healing/observed.js';
import { PROVISIONING } from '../../domain/provisioning/saga.js';
import type { Commands } from '../commands.js';
import { carryOut } from '../mutation.js';
import type { NodeConfigs } from '../node-configs.js';
import type { NodeTable } from '../node-table.js';
import type { Log, Store } from '../ports.js';
import type { SteadyClock } from './steady-clock.js';

/** Longer than any policy lets a change be a suspect. */
const KEPT_MS = 24 * 3_600_000;
const KEPT_MAX = 500;
const EVENTS_READ = 1_000;
/** A switch that is away longer has taken the change back by itself. */
const ROLL_BACK_VALID_MS = 60_000;

const REASON = 'nodes fell silent after the change';

interface Kept extends Change {
  /** Of a node's config: the revision to go back to. */
  readonly config:
    | { readonly nodeId: NodeId; readonly revision: number; readonly previousRevision: number }
    | undefined;
  /** Of a switch's ports: the change, while its switch may still have it on trial. */
  readonly ports?: { readonly nodeId: NodeId; readonly changeId: CommandId } | undefined;
}

/** What people changed a while ago: the first suspects when something falls silent. */
export class RecentChanges {
  readonly #store: Store;
  readonly #clock: SteadyClock;
  readonly #nodes: NodeTable;
  readonly #configs: Pick<NodeConfigs, 'rollback'>;
  readonly #commands: Pick<Commands, 'issueIn'>;
  readonly #log: Log;
  #kept: readonly Kept[] = [];
  #readThroughId = 0;

  constructor(deps: {
    readonly store: Store;
    readonly clock: SteadyClock;
    readonly nodes: NodeTable;
    readonly configs: Pick<NodeConfigs, 'rollback'>;
    readonly commands: Pick<Commands, 'issueIn'>;
    readonly log: Log;
  }) {
    this.#commands = deps.commands;
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#nodes = deps.nodes;
    this.#configs = deps.configs;
    this.#log = deps.log;
  }

  /** A change of ports can be taken back for as long as its switch has it on trial: what was confirmed is a person's. */
  all(): readonly Change[] {
    return this.#kept.map((change) =>
      change.ports === undefined ? change : { ...change, isRevertable: this.#isOnTrial(change.ports.nodeId) },
    );
  }

  #isOnTrial(switchId: NodeId): boolean {
    const state = this.#nodes.get(switchId)?.facts.number('switch_change_state', '');
    return state === SWITCH_CHANGE_STATES['on-trial'];
  }

  /** What was changed before this process started, and since the last look. */
  async look(): Promise<void> {
    const { reader } = this.#store;
    const sinceMs = this.#clock.wallOf(this.#clock.nowMs()) - KEPT_MS;
    const newest = await reader.eventsNewest(undefined, { limit: 1 });
    const newestId = newest[0]?.id ?? 0;
    if (newestId === this.#readThroughId) return;
    const from = Math.max(this.#readThroughId, newestId - EVENTS_READ);
    for (const event of await reader.eventsAfter(from, { limit: EVENTS_READ })) {
      this.#readThroughId = event.id;
      if (event.nodeId === undefined || event.atMs < sinceMs) continue;
      if (event.reason === 'ConfigWanted') await this.#configChanged(event.nodeId, event.atMs);
      else if (event.reason === 'CommandIssued') await this.#commandIssued(event.nodeId, event.atMs);
      else if (event.reason === 'SwitchDrift' && event.severity !== 'info') this.#drifted(event.nodeId, event);
    }
    const nowMs = this.#clock.nowMs();
    this.#kept = this.#kept.filter(({ atMs }) => nowMs - atMs < KEPT_MS).slice(-KEPT_MAX);
  }

  async #configChanged(nodeId: NodeId, atMs: number): Promise<void> {
    const name = this.#nodes.get(nodeId)?.node.name;
    const [record] = await this.#store.reader.nodeConfigs(nodeId, { limit: 1 });
    if (name === undefined || record === undefined) return;
    // It changes one port, and takes itself back unless its node is verified: two who take back would fight.
    if (record.reason.startsWith(PROVISIONING)) return;
    const { revision, previousRevision, actor } = record;
    this.#note({
      id: `config ${nodeId} ${revision}`,
      what: `config ${revision} of ${name}`,
      domain: name,
      atMs: this.#clock.monotonicOf(atMs),
      // What healing took back is not taken back once more, nor is a first config.
      isRevertable: previousRevision > 0 && actor !== HEALING.name,
      isReverted: actor === HEALING.name,
      config: { nodeId, revision, previousRevision },
    });
  }

  async #commandIssued(nodeId: NodeId, atMs: number): Promise<void> {
    const entry = this.#nodes.get(nodeId);
    if (entry?.node.kind !== 'switch') return;
    const commands = await this.#store.reader.commandsNewest(nodeId, { limit: 20 });
    const apply = commands.find((one) => one.action.kind === 'switch-apply' && one.issuedAtMs === atMs);
    if (apply === undefined) return;
    this.#note({
      id: `ports ${apply.id}`,
      what: `the ports of ${entry.node.name}`,
      domain: entry.node.name,
      atMs: this.#clock.monotonicOf(atMs),
      isRevertable: false,
      isReverted: isUndone(apply),
      config: undefined,
      ports: { nodeId, changeId: apply.id },
    });
  }

  /** Somebody changed ports by hand, on the switch itself. */
  #drifted(nodeId: NodeId, { id, atMs }: { readonly id: number; readonly atMs: number }): void {
    const name = this.#nodes.get(nodeId)?.node.name;
    if (name === undefined) return;
    this.#note({
      id: `drift ${id}`,
      what: `ports of ${name}, by hand`,
      domain: name,
      atMs: this.#clock.monotonicOf(atMs),
      isRevertable: false,
      isReverted: false,
      config: undefined,
    });
  }

  #note(change: Kept): void {
    this.#kept = [...this.#kept.filter(({ id }) => id !== change.id), change];
  }

  /** Takes a change back; what cannot be is left to people, and told. */
  async revert(id: string): Promise<void> {
    const change = this.#kept.find((one) => one.id === id);
    if (change === undefined) return;
    try {
      if (change.config !== undefined) {
        const { nodeId, revision, previousRevision } = change.config;
        const wish = { toRevision: previousRevision, expectedRevision: revision };
        await this.#configs.rollback(nodeId, { ...wish, reason: REASON }, HEALING);
      } else if (change.ports !== undefined) {
        const { nodeId, changeId } = change.ports;
        const action = { kind: 'switch-roll-back', changeId } as const;
        const order = { action, reason: REASON, validForMs: ROLL_BACK_VALID_MS };
        await carryOut(this.#store, (writer) => this.#commands.issueIn(writer, nodeId, order, HEALING));
      } else return;
      this.#note({ ...change, isReverted: true });
    } catch (thrown) {
      this.#log.warn({ err: thrown, change: id }, 'a change could not be taken back');
    }
  }
}

function isUndone({ state }: CommandRecord): boolean {
  return state === 'failed' || state === 'rejected' || state === 'lapsed';
}
