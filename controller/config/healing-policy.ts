/** A healing policy as an operator writes it: YAML, every setting optional, every wrong one told with its path. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { BrambleError } from '../../proto/contract/errors.js';
import { DEFAULT_POLICY, type HealingPolicy } from '../domain/healing/policy.js';
import { parseDurationMs } from './duration.js';
import { parseConfigText } from './read-config.js';

const [SECOND_MS, HOUR_MS, DAY_MS] = [1_000, 3_600_000, 86_400_000];
const HASH_LENGTH = 12;
const HISTORY = DEFAULT_POLICY;

function duration(minMs: number, maxMs: number, fallbackMs: number) {
  return z
    .string()
    .transform((text, context) => {
      const ms = parseDurationMs(text);
      if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
      context.addIssue(
        ms === undefined
          ? 'must be a duration such as "30s", "5m" or "12h"'
          : `must be between ${minMs / SECOND_MS} s and ${maxMs / SECOND_MS} s`,
      );
      return z.NEVER;
    })
    .default(fallbackMs);
}

const ratio = (fallback: number, max = 1) => z.number().min(0).max(max).default(fallback);
const count = (fallback: number, min: number, max: number) => z.number().int().min(min).max(max).default(fallback);
const { budgets, storm, admission } = DEFAULT_POLICY;

/** Limits keep a policy from switching its own brakes off: a storm limit of 100 %, or fifty boots at once, is refused. */
const Policy = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a lower-case letter, then letters, digits or dashes'),
  version: z.number().int().min(1),
  mode: z.enum(['shadow', 'enforce']).default('shadow'),
  diagnose: duration(30 * SECOND_MS, HOUR_MS, HISTORY.diagnoseMs),
  verifyFor: duration(30 * SECOND_MS, HOUR_MS, HISTORY.verifyForMs),
  probation: duration(HOUR_MS, 7 * DAY_MS, HISTORY.probationMs),
  probationMax: duration(HOUR_MS, 30 * DAY_MS, HISTORY.probationMaxMs),
  settle: duration(60 * SECOND_MS, HOUR_MS, HISTORY.settleMs),
  donorPatience: duration(HOUR_MS, 30 * DAY_MS, HISTORY.donorPatienceMs),
  canaryAfter: duration(60 * SECOND_MS, DAY_MS, HISTORY.canaryAfterMs),
  changeWindow: duration(60 * SECOND_MS, DAY_MS, HISTORY.changeWindowMs),
  historyHalfLife: duration(DAY_MS, 90 * DAY_MS, HISTORY.historyHalfLifeMs),
  budgets: z
    .strictObject({
      switchInFlight: count(budgets.switchInFlight, 1, 8),
      siteInFlightRatio: ratio(budgets.siteInFlightRatio, 0.2),
      fleetInFlight: count(budgets.fleetInFlight, 1, 50),
      fleetPerHourRatio: ratio(budgets.fleetPerHourRatio, 0.2),
      fleetPerHourFloor: count(budgets.fleetPerHourFloor, 1, 20),
      destructiveRatio: ratio(budgets.destructiveRatio, 0.5),
      nodePerDay: count(budgets.nodePerDay, 0, 6),
      nodeApart: duration(60 * SECOND_MS, DAY_MS, budgets.nodeApartMs),
    })
    .prefault({}),
  storm: z
    .strictObject({
      ratio: ratio(storm.ratio, 0.5),
      smallCount: count(storm.smallCount, 1, 8),
      coolDown: duration(60 * SECOND_MS, DAY_MS, storm.coolDownMs),
    })
    .prefault({}),
  admission: z
    .strictObject({
      bootsMax: count(admission.bootsMax, 1, 16),
      spacing: duration(SECOND_MS, 600 * SECOND_MS, admission.spacingMs),
      retriesMax: count(admission.retriesMax, 0, 10),
    })
    .prefault({}),
  reimageSites: z.array(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be the name of a site')).default([]),
});

/**
 * A policy from the text of its file. Unless it says `mode: enforce`, it only watches. Its hash is that of the text, so that
 * a record names exactly what was in force.
 * @throws BrambleError `invalid-argument` with every problem and its path
 */
export function parseHealingPolicy(text: string, from: string): HealingPolicy {
  const parsed = Policy.safeParse(parseConfigText(text, from) ?? {});
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || '(top)'}: ${issue.message}`);
    throw new BrambleError('invalid-argument', `${from} is no healing policy: ${problems.join('; ')}`, {
      hint: 'correct what is named; OPERATIONS.md, "Healing policies", lists every setting',
    });
  }
  const { data } = parsed;
  return {
    ...DEFAULT_POLICY,
    name: data.name,
    version: data.version,
    mode: data.mode,
    hash: createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH),
    diagnoseMs: data.diagnose,
    verifyForMs: data.verifyFor,
    probationMs: data.probation,
    probationMaxMs: Math.max(data.probation, data.probationMax),
    settleMs: data.settle,
    donorPatienceMs: data.donorPatience,
    canaryAfterMs: data.canaryAfter,
    changeWindowMs: data.changeWindow,
    historyHalfLifeMs: data.historyHalfLife,
    budgets: { ...budgets, ...withoutApart(data.budgets), nodeApartMs: data.budgets.nodeApart },
    storm: { ...storm, ratio: data.storm.ratio, smallCount: data.storm.smallCount, coolDownMs: data.storm.coolDown },
    admission: {
      bootsMax: data.admission.bootsMax,
      spacingMs: data.admission.spacing,
      retriesMax: data.admission.retriesMax,
    },
    reimageSites: data.reimageSites,
  };
}

function withoutApart<T extends { readonly nodeApart: number }>({
  nodeApart: _apart,
  ...rest
}: T): Omit<T, 'nodeApart'> {
  return rest;
}
