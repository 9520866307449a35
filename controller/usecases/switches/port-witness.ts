import type { Clock } from '../../../proto/contract/clock.js';
import { judgePorts, type LearnedPort } from '../../domain/switch/port-sight.js';
import type { FactChange } from '../agent-messages.js';
import type { NodeEntry, NodeTable } from '../node-table.js';

const LOOK_EVERY_MS = 10_000;

/**
 * Holds the addresses that switches have learned against the boards of the fleet. What it finds becomes facts of the switch, as if it had told
 * them: what no switch can know is judged, shown and explained like everything else.
 */
export class PortWitness {
  readonly #nodes: NodeTable;
  readonly #clock: Clock;
  readonly #onFound: (entry: NodeEntry) => void;
  #dueMs = Number.NEGATIVE_INFINITY;
  readonly #lookedAtMs = new Map<string, number>();

  /** @param onFound facts of a switch are others than before */
  constructor(nodes: NodeTable, clock: Clock, onFound: (entry: NodeEntry) => void) {
    this.#nodes = nodes;
    this.#clock = clock;
    this.#onFound = onFound;
  }

  /** To be called often; looks every ten seconds, at switches that have reported since. */
  sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + LOOK_EVERY_MS;
    let known: Known | undefined;
    for (const entry of this.#nodes.all()) {
      const { node, lastSeenAtMonotonicMs: seenAtMs } = entry;
      if (node.kind !== 'switch' || seenAtMs === undefined || this.#lookedAtMs.get(node.id) === seenAtMs) continue;
      this.#lookedAtMs.set(node.id, seenAtMs);
      known ??= this.#gather();
      const changes = changesOf(entry, known);
      if (changes.length === 0) continue;
      entry.facts.apply(changes, false);
      this.#onFound(entry);
    }
  }

  #gather(): Known {
    const ownerOf = new Map<string, string>();
    const macsOf = new Map<string, readonly string[]>();
    for (const { node } of this.#nodes.all()) {
      if (node.kind === 'switch' || node.lifecycle === 'revoked') continue;
      macsOf.set(node.name, node.board.macAddresses);
      for (const mac of node.board.macAddresses) ownerOf.set(mac, node.name);
    }
    return { ownerOf, macsOf };
  }
}

interface Known {
  readonly ownerOf: ReadonlyMap<string, string>;
  readonly macsOf: ReadonlyMap<string, readonly string[]>;
}

/** What is new; all that was found stays with the node. */
function changesOf(entry: NodeEntry, { ownerOf, macsOf }: Known): readonly FactChange[] {
  const { facts } = entry;
  const learned = facts.instances('port_role_text').map((port): LearnedPort => {
    const text = (fact: 'port_role_text' | 'port_vlans_text' | 'port_macs_text') => facts.text(fact, port) ?? '';
    return { port, role: text('port_role_text'), vlans: text('port_vlans_text'), macs: text('port_macs_text') };
  });
  const sights = judgePorts(
    learned,
    (mac) => ownerOf.get(mac),
    (name) => macsOf.get(name),
  );
  const wanted = [...sights].flatMap(([instance, { isWrongBoard, isForeign, words }]): FactChange[] => [
    { fact: 'port_wrong_board_flag', instance, value: isWrongBoard ? 1 : 0 },
    { fact: 'port_foreign_flag', instance, value: isForeign ? 1 : 0 },
    { fact: 'port_mismatch_text', instance, value: words === '' ? undefined : words },
  ]);
  entry.derived = wanted;
  const gone = facts.instances('port_wrong_board_flag').filter((port) => !sights.has(port));
  const withdrawn = gone.flatMap((instance): FactChange[] =>
    DERIVED.map((fact) => ({ fact, instance, value: undefined })),
  );
  return [...wanted.filter((change) => isNews(facts, change)), ...withdrawn];
}

const DERIVED = ['port_wrong_board_flag', 'port_foreign_flag', 'port_mismatch_text'] as const;

function isNews(facts: NodeEntry['facts'], { fact, instance, value }: FactChange): boolean {
  if (fact === 'port_mismatch_text') return facts.text(fact, instance) !== value;
  if (fact === 'port_wrong_board_flag' || fact === 'port_foreign_flag') return facts.number(fact, instance) !== value;
  return true;
}
