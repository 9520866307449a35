import type { Cadence } from '../../../proto/gen/bramble/agent/v1/desired.js';

/** What holds until the controller says otherwise. */
export const DEFAULT_CADENCE: Cadence = { reportIntervalMs: 30_000, probeAfterMs: 50_000, reconnectSpreadMs: 60_000 };

/** Bounds within which a controller may choose; beyond them a number is an accident, not a wish. */
const LIMITS = {
  reportIntervalMs: { min: 10, max: 3_600_000 },
  probeAfterMs: { min: 1_000, max: 3 * 3_600_000 },
  reconnectSpreadMs: { min: 0, max: 3_600_000 },
} as const satisfies Record<keyof Cadence, { min: number; max: number }>;

/** The name of the first part that is out of bounds; `undefined` when all are fine. */
export function cadenceProblem(cadence: Cadence): string | undefined {
  for (const name of CADENCE_PARTS) {
    const { min, max } = LIMITS[name];
    const value = cadence[name];
    if (value < min || value > max) return `${name} ${value} is outside ${min}..${max}`;
  }
  return undefined;
}

/** The nearest cadence within bounds; what is 0 or missing was not assigned and keeps its default. */
export function saneCadence(cadence: Cadence | undefined): Cadence {
  const part = (name: keyof Cadence): number => {
    const value = cadence?.[name] ?? 0;
    if (value === 0) return DEFAULT_CADENCE[name];
    return Math.min(LIMITS[name].max, Math.max(LIMITS[name].min, value));
  };
  return {
    reportIntervalMs: part('reportIntervalMs'),
    probeAfterMs: part('probeAfterMs'),
    reconnectSpreadMs: part('reconnectSpreadMs'),
  };
}

const CADENCE_PARTS = ['reportIntervalMs', 'probeAfterMs', 'reconnectSpreadMs'] as const satisfies (keyof Cadence)[];
