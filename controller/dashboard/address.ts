import type { NodeState } from '../../proto/contract/api/fleet.js';
import { STATE_ORDER } from './states.js';

/** What the page shows of the fleet. Lives in the part of the address behind #, so that it can be kept and sent. */
export interface Filter {
  /** Every word of it must occur in what is shown of a node. */
  readonly text: string;
  /** Empty = all. */
  readonly states: readonly NodeState[];
}

export interface Address {
  readonly filter: Filter;
  /** Node that is shown in full. */
  readonly nodeId: string | undefined;
  /** Incident whose story is shown, as alerts link to it. */
  readonly incidentId?: string | undefined;
}

export const NO_FILTER: Filter = { text: '', states: [] };

const TEXT_LENGTH_MAX = 200;

/** What is not understood is left out: an address may come from anywhere. */
export function parseAddress(hash: string): Address {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  const nodeId = parts.get('node') ?? '';
  const incidentId = parts.get('incident') ?? '';
  const states = (parts.get('state') ?? '').split(' ');
  return {
    filter: {
      text: (parts.get('q') ?? '').slice(0, TEXT_LENGTH_MAX),
      states: STATE_ORDER.filter((state) => states.includes(state)),
    },
    nodeId: /^n-[0-9a-z]{13}$/.test(nodeId) ? nodeId : undefined,
    ...(/^[0-9a-f-]{36}$/.test(incidentId) ? { incidentId } : {}),
  };
}

/** With its #; empty when there is nothing to say. */
export function renderAddress({ filter, nodeId }: Address): string {
  const parts = new URLSearchParams();
  if (filter.text !== '') parts.set('q', filter.text);
  if (filter.states.length > 0) parts.set('state', filter.states.join(' '));
  if (nodeId !== undefined) parts.set('node', nodeId);
  const text = parts.toString();
  return text === '' ? '' : `#${text}`;
}
