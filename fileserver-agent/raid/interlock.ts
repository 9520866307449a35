import type { Refusal } from '../../agent/kit/command/handler.js';
import type { KernelFiles } from '../../agent/kit/host/ports.js';
import type { Sample } from '../../proto/contract/facts.js';
import { type MdArray, readMdArrays } from '../collectors/md-array.js';

/** An array because of which this machine must not go down, nor be given heavy work. */
export interface Hindrance {
  readonly array: string;
  readonly why: string;
}

/** All of these are whole once the machine comes back. */
const SAFE_STATES: readonly string[] = ['clean', 'active', 'active-idle', 'write-pending', 'read-auto', 'readonly'];
/** A check only reads, and may be begun anew. */
const SAFE_SYNCS: readonly string[] = ['idle', 'check'];

/**
 * Arrays that are not whole, in their order: an array that boots while it is rebuilt may come up from the half that is not done.
 * What the kernel does not tell, or says in a word that nobody knows, is not whole.
 */
export function findHindrances(kernel: KernelFiles, samples: readonly Sample[] = []): readonly Hindrance[] {
  return readMdArrays(kernel).flatMap((array) => {
    const why = [...whyNot(array), ...skewOf(array.name, samples)].join(', ');
    return why === '' ? [] : [{ array: array.name, why }];
  });
}

/** Of one array by itself. */
export function whyNot({ level, state, missingCount, membersCount, sync }: MdArray): readonly string[] {
  const why: string[] = [];
  if (state === undefined || !SAFE_STATES.includes(state)) why.push(`its state is ${state ?? 'unknown'}`);
  if (missingCount !== undefined && missingCount > 0)
    why.push(`${missingCount} of ${membersCount ?? '?'} members missing`);
  if (sync !== undefined && !SAFE_SYNCS.includes(sync.action))
    why.push(sync.action === 'frozen' ? 'it is frozen' : `${sync.action} runs`);
  const isRedundant = level !== undefined && /^raid(1|4|5|6|10)$/.test(level);
  if (isRedundant && (missingCount === undefined || sync === undefined))
    why.push('the kernel does not tell whether it is whole');
  return why;
}

function skewOf(array: string, samples: readonly Sample[]): readonly string[] {
  const skew = samples.find(({ fact, instance }) => fact === 'raid_event_skew_count' && instance === array)?.value;
  return typeof skew === 'number' && skew > 0 ? [`its members are ${skew} events apart`] : [];
}

/**
 * Refuses while an array is not whole. A person may override that by naming every such array, and no other: who types the name
 * has looked at it.
 */
export function judgeInterlock(
  what: string,
  hindrances: readonly Hindrance[],
  despite: readonly string[] = [],
): Refusal | undefined {
  const open = hindrances.filter(({ array }) => !despite.includes(array));
  const strange = despite.filter((name) => !hindrances.some(({ array }) => array === name));
  if (open.length === 0 && strange.length === 0) return undefined;
  const detail =
    open.length > 0
      ? `${what} now is not safe: ${open.map(({ array, why }) => `${array}: ${why}`).join('; ')}`
      : `${strange.join(', ')} is whole or not there: name exactly the arrays that are not whole`;
  return { kind: 'rejected', reason: 'precondition', detail };
}
