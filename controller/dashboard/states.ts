import type { NodeState } from '../../proto/contract/api/fleet.js';

/** The words that stand for a state, and an outline as a second sign beside the colour. */
export interface StateLook {
  readonly label: string;
  /** Outline of a 16 by 16 picture. */
  readonly icon: string;
  /** A person should look. */
  readonly needsAttention: boolean;
}

/** In the order in which people want to see them: trouble first. */
export const STATE_ORDER = [
  'frozen',
  'troubled',
  'no-contact',
  'unknown',
  'maintenance',
  'ready',
  'revoked',
] as const satisfies readonly NodeState[];

export const STATES = {
  frozen: {
    label: 'Frozen',
    icon: 'M8 1.5v13M2.4 4.8l11.2 6.4M13.6 4.8 2.4 11.2M6 2.6l2 1.6 2-1.6M6 13.4l2-1.6 2 1.6',
    needsAttention: true,
  },
  troubled: { label: 'Troubled', icon: 'M8 1.8 15 14H1ZM8 6.2v4M8 11.6v.6', needsAttention: true },
  'no-contact': {
    label: 'No contact',
    icon: 'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8',
    needsAttention: true,
  },
  unknown: {
    label: 'Unknown',
    icon: 'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13M6.2 6.2a1.9 1.9 0 1 1 2.6 1.9c-.6.3-.8.6-.8 1.2M8 11.2v.5',
    needsAttention: false,
  },
  maintenance: {
    label: 'Maintenance',
    icon: 'M13.8 4.2 11.4 6.6 9.4 4.6 11.8 2.2a3.6 3.6 0 0 0-4.6 4.6L2.2 11.8l2 2L9.2 8.8a3.6 3.6 0 0 0 4.6-4.6Z',
    needsAttention: false,
  },
  ready: {
    label: 'Ready',
    icon: 'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13M5 8.2l2.1 2.1L11 6.2',
    needsAttention: false,
  },
  revoked: {
    label: 'Revoked',
    icon: 'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13M3.6 3.6l8.8 8.8',
    needsAttention: false,
  },
} as const satisfies Record<NodeState, StateLook>;
