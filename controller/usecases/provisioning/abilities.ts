import type { NodeId } from '../../../proto/contract/ids.js';
import type { BootSet } from '../../../proto/contract/netboot/boot-set.js';
import { rootSerialOf } from '../../../proto/contract/netboot/boot-set.js';
import type { NodeSight } from '../../domain/healing/observed.js';
import { portOf } from '../../domain/provisioning/boot-edit.js';
import { boardSerialOf } from '../../domain/provisioning/places.js';
import type { NodeRecord } from '../../domain/topology/records.js';
import type { NodeTable } from '../node-table.js';
import type { StoreReader } from '../ports.js';
import { agentsFor } from './agents.js';
import { keptPlan } from './kept-plan.js';

/** Orders of a switch are looked through at most so often, and not any more once a plan was found. */
const LOOK_EVERY_MS = 60_000;

interface KnownSet {
  readonly revision: number;
  readonly set: BootSet | undefined;
}

/** What could be done for a node, so that healing chooses no rung that would be refused. */
export class Abilities {
  readonly #reader: StoreReader;
  readonly #nodes: NodeTable;
  readonly #sets = new Map<NodeId, KnownSet>();
  readonly #switches = new Set<NodeId>();
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(reader: StoreReader, nodes: NodeTable) {
    this.#reader = reader;
    this.#nodes = nodes;
  }

  /** Reads what has changed. @param nowMs monotonic */
  async refresh(nowMs: number): Promise<void> {
    const looksAtSwitches = nowMs - this.#lookedAtMs >= LOOK_EVERY_MS;
    if (looksAtSwitches) this.#lookedAtMs = nowMs;
    for (const { node } of this.#nodes.all()) {
      const { id, kind, desiredRevision } = node;
      if (kind === 'fileserver' && this.#sets.get(id)?.revision !== desiredRevision) {
        const [newest] = await this.#reader.nodeConfigs(id, { limit: 1 });
        this.#sets.set(id, { revision: desiredRevision, set: newest?.config.bootSet });
      }
      if (kind === 'switch' && looksAtSwitches && !this.#switches.has(id)) {
        if ((await keptPlan(this.#reader, id)) !== undefined) this.#switches.add(id);
      }
    }
  }

  of({ fileserver, plug, board }: NodeRecord): NodeSight['roots'] {
    if (fileserver === '') return undefined;
    const agents = agentsFor(this.#nodes, { fileserver, plug: plug ?? UNPLUGGED });
    const set = agents.fileserver && this.#sets.get(agents.fileserver.node.id)?.set;
    const own = set && portOf(set, boardSerialOf(board.serial))?.board;
    if (agents.fileserver === undefined) return NOTHING;
    const { facts, session } = agents.fileserver;
    const serial = own === undefined ? boardSerialOf(board.serial) : rootSerialOf(own);
    // One that shares the rescue system does not look into its own root; an older agent of the fileserver would refuse.
    const isAble = session === undefined || session.supportedActions.includes('root_mailbox');
    const hasRoot = (facts.number('root_generation_count', serial) ?? 0) > 0;
    const hasMailbox = hasRoot && isAble && (own === undefined || own.mode === 'root');
    if (own === undefined || agents.switch === undefined)
      return { ...NOTHING, hasMailbox, hasBootPath: own !== undefined };
    return {
      hasMailbox,
      hasBootPath: true,
      hasPrevious: (facts.number('root_previous_count', serial) ?? 0) > 0,
      hasImage: (facts.text('root_image_text', serial) ?? '') !== '',
      canRescue: set?.rescueImage !== undefined,
      canMove: this.#switches.has(agents.switch.node.id),
    };
  }
}

/** A node that no switch gives power. */
const UNPLUGGED = { switch: '', port: 0 } as const;

const NOTHING = {
  ...{ hasMailbox: false, hasBootPath: false, hasPrevious: false, hasImage: false, canRescue: false, canMove: false },
} as const;
