/** What a pass of healing saw, as the incidents go by it. */

import { visible } from '../../../proto/contract/visible.js';
import { elementSigns } from '../../domain/healing/attribution.js';
import { takeCensus } from '../../domain/healing/census.js';
import type { Desired } from '../../domain/healing/desired.js';
import { signsOf } from '../../domain/healing/evidence.js';
import type { Observed } from '../../domain/healing/observed.js';
import type { Plan } from '../../domain/healing/plan.js';
import type { HealingPolicy } from '../../domain/healing/policy.js';
import { sidesOfElement, sidesOfNode } from '../../domain/incidents/sides.js';
import type { CauseSign, NodeSign } from '../../domain/incidents/signs.js';
import { heldBecause, troublesWords } from '../../domain/incidents/words.js';
import { placeWords } from '../../domain/topology/place.js';
import type { NodeEntry } from '../node-table.js';

export interface PassSeen {
  readonly observed: Observed;
  readonly desired: Desired;
  readonly policy: HealingPolicy;
  readonly planned: Plan;
  /** Monotonic. */
  readonly nowMs: number;
  readonly wallOf: (monotonicMs: number) => number;
  readonly entryOf: (name: string) => NodeEntry | undefined;
}

/** Nodes that are not simply healthy, by name. */
export function nodeSigns(seen: PassSeen): ReadonlyMap<string, NodeSign> {
  const { observed, desired, planned, nowMs, wallOf, entryOf } = seen;
  const signs = new Map<string, NodeSign>();
  for (const [index, heal] of planned.memory.nodes) {
    const node = desired.map.nodes[index];
    if (node === undefined) continue;
    const { name, site } = node.record;
    const place = placeWords(node.record);
    const record = planned.memory.records.get(index);
    const said = signsOf(observed, node, Number.NEGATIVE_INFINITY, nowMs);
    const isWatched = heal.state === 'probation';
    const wellMs = isWatched ? (heal.wellSinceMs ?? heal.sinceMs) : heal.wellSinceMs;
    signs.set(name, {
      name,
      site,
      place,
      state: heal.state,
      cause: heal.cause ?? planned.blamed.get(index)?.name,
      wellSinceMs: wellMs === undefined ? undefined : wallOf(wellMs),
      troubleSinceMs: wallOf(heal.troubleSinceMs),
      row: record?.row ?? '',
      verdict: record === undefined || record.verdict === '' ? 'nothing is heard from it' : record.verdict,
      heldBecause: wellMs === undefined ? visible(heldBecause(record, place), 500) : '',
      sides: said === undefined ? [] : sidesOfNode(said, node.record),
      isExcused: entryOf(name)?.maintenance !== undefined || isDrilled(seen, [name, ...elementNames(desired, index)]),
    });
  }
  return signs;
}

function elementNames({ map }: Desired, index: number): readonly string[] {
  return map.nodes[index]?.elements.map((at) => map.elements[at]?.name ?? '') ?? [];
}

function isDrilled({ desired, nowMs }: PassSeen, scopes: readonly string[]): boolean {
  return desired.holds.some(
    ({ kind, scope, untilMs }) => kind === 'drill' && nowMs < untilMs && scopes.includes(scope),
  );
}

/** What nodes share and is blamed, then observers that are in trouble themselves; one for each name. */
export function causeSigns(seen: PassSeen, entries: Iterable<NodeEntry>): readonly CauseSign[] {
  const signs = new Map<string, CauseSign>();
  for (const sign of [...blamedSigns(seen), ...observerSigns(seen, entries)]) {
    const known = signs.get(sign.name);
    signs.set(sign.name, known === undefined ? sign : joined(known, sign));
  }
  return [...signs.values()];
}

/** Both ways to look at one thing. Its silence adds nothing to what others found out. */
function joined(a: CauseSign, b: CauseSign): CauseSign {
  if (b.isSilenceOnly) return a;
  const row = `${a.row}+${b.row}`;
  const sides = [...a.sides, ...b.sides];
  return { ...a, row, verdict: `${a.verdict}; ${b.verdict}`, sides, isSilenceOnly: false };
}

function blamedSigns(seen: PassSeen): readonly CauseSign[] {
  const { observed, desired, policy, planned, wallOf, nowMs } = seen;
  if (planned.causes.length === 0) return [];
  const { map } = desired;
  const census = takeCensus(observed, desired);
  return planned.causes.map(({ name, rowId, verdict, isWitnessed, element: index }) => {
    const element = map.elements[index];
    const counts = { silent: census.silent[index] ?? 0, watched: census.watched[index] ?? 0 };
    const observers = map.witnesses[index] ?? { fileservers: [], switches: [] };
    const signs = element && elementSigns(observed, map, policy, census, element);
    const site = element?.kind === 'site' ? element.name : map.elements[element?.site ?? -1]?.name;
    return {
      name,
      row: rowId,
      verdict,
      site,
      severity: 'critical',
      sides: signs === undefined ? [] : sidesOfElement(signs, counts, observers),
      isSilenceOnly: !isWitnessed,
      isExcused: element !== undefined && isDrilled(seen, [element.name, site ?? '']),
      sinceMs: wallOf(planned.memory.incidents.get(name)?.sinceMs ?? nowMs),
    };
  });
}

/** Trouble of fileservers and switches that they tell of, or their own silence. */
function* observerSigns(seen: PassSeen, entries: Iterable<NodeEntry>): Iterable<CauseSign> {
  for (const { node, liveness, conditions, silentSinceMs, maintenance } of entries) {
    const { kind, name, site } = node;
    if (kind === 'pi' || node.lifecycle !== 'enrolled') continue;
    const isExcused = maintenance !== undefined || isDrilled(seen, [name, site]);
    const base = { name: `${kind}:${name}`, site, severity: 'critical', isExcused } as const;
    const grave = conditions.filter(({ raised, severity }) => raised && severity === 'error');
    const first = grave[0];
    if (first !== undefined) {
      const words = troublesWords(
        grave.map(({ rule, message }) => ({ type: rule.type, words: visible(message, 200) })),
      );
      const row = [...new Set(grave.map(({ rule }) => rule.type))].toSorted().join('+');
      const sinceMs = Math.min(...grave.map((one) => one.sinceMs));
      yield { ...base, row, verdict: words, sides: [{ side: kind, name, words }], isSilenceOnly: false, sinceMs };
    } else if (liveness === 'silent') {
      const words = 'nothing is heard from its agent';
      const sinceMs = silentSinceMs ?? seen.wallOf(seen.nowMs);
      yield {
        ...base,
        row: 'silent',
        verdict: words,
        sides: [{ side: kind, name, words: 'silent' }],
        isSilenceOnly: true,
        sinceMs,
      };
    }
  }
}
