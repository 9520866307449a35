/** One pass over all nodes: who is in trouble, and how much of everything that nodes share is. Linear in the fleet. */

import type { Desired } from './desired.js';
import type { Observed } from './observed.js';

/** `silent`: no word, and the observer listened. `symptom`: its own agent says what is wrong. */
export const TROUBLE = { none: 0, silent: 1, symptom: 2 } as const;

export interface Census {
  /** By node index: one of {@link TROUBLE}. */
  readonly trouble: Uint8Array;
  /** Indexes of the nodes in trouble. */
  readonly troubled: readonly number[];
  /** By element index: nodes in service that can be judged, and how many of these are silent. */
  readonly watched: Int32Array;
  readonly silent: Int32Array;
}

export function isInService(desired: Desired, index: number): boolean {
  return (desired.lifecycles.get(index) ?? 'in-service') === 'in-service';
}

/** Nodes that wait for hands are neither counted as watched nor as silent: they are explained already. */
export function takeCensus(observed: Observed, desired: Desired): Census {
  const { map } = desired;
  const trouble = new Uint8Array(map.nodes.length);
  const watched = new Int32Array(map.elements.length);
  const silent = new Int32Array(map.elements.length);
  const troubled: number[] = [];
  const isPlain = desired.lifecycles.size === 0;
  for (const { index, elements } of map.nodes) {
    const sight = observed.nodes[index];
    if (sight === undefined || sight.agent === 'unobserved' || sight.agent === 'gone') continue;
    if (!isPlain && !isInService(desired, index)) continue;
    if (observed.memory.nodes.get(index)?.state === 'await-hands') continue;
    const isSilent = sight.agent === 'silent';
    for (const element of elements) {
      watched[element] = (watched[element] ?? 0) + 1;
      if (isSilent) silent[element] = (silent[element] ?? 0) + 1;
    }
    if (isSilent) trouble[index] = TROUBLE.silent;
    else if (sight.symptom !== undefined && sight.agent === 'fresh') trouble[index] = TROUBLE.symptom;
    if (trouble[index] !== TROUBLE.none) troubled.push(index);
  }
  return { trouble, troubled, watched, silent };
}
