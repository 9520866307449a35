/** What `npm run sim` may be told. */

import { z } from 'zod';
import { parseHealingPolicy } from '../../../controller/config/healing-policy.js';
import { parseConfigText } from '../../../controller/config/read-config.js';
import { DEFAULT_POLICY, type HealingPolicy } from '../../../controller/domain/healing/policy.js';
import { buildTopology, DEFAULT_FLEET, type FleetSpec } from '../../../controller/domain/testing/fleet.js';
import type { Topology } from '../../../controller/domain/topology/records.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { FAULT_MIX, type FaultName } from './fault-mix.js';

const count = (fallback: number, max: number) => z.number().int().min(1).max(max).default(fallback);

const Spec = z.strictObject({
  sites: count(DEFAULT_FLEET.sites, 256),
  nodesPerSite: count(DEFAULT_FLEET.nodesPerSite, 1_000),
  sparesPerSite: z.number().int().min(0).max(16).default(DEFAULT_FLEET.sparesPerSite),
  nodesPerSwitch: count(DEFAULT_FLEET.nodesPerSwitch, 48),
  nodesPerShelf: count(DEFAULT_FLEET.nodesPerShelf, 96),
  models: z
    .array(z.enum(['b', 'b+', '2b', '3b', '3b+', '4b', '5']))
    .min(1)
    .default([...DEFAULT_FLEET.models] as ['3b']),
  images: z
    .array(z.string().min(1))
    .min(1)
    .default([...DEFAULT_FLEET.images]),
});

/** A fleet by its size, in YAML. @throws BrambleError `invalid-argument` */
export function parseSiteSpec(text: string, from: string): Topology {
  const parsed = Spec.safeParse(parseConfigText(text, from) ?? {});
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || '(top)'}: ${message}`);
    throw new BrambleError('invalid-argument', `${from} describes no fleet: ${problems.join('; ')}`);
  }
  const spec: FleetSpec = parsed.data;
  return buildTopology(spec);
}

/** Simulations act: a policy that only watches is run as if it were in force. */
export function parsePolicyFile(text: string, from: string): HealingPolicy {
  return { ...parseHealingPolicy(text, from), mode: 'enforce' };
}

export const BUILT_IN_POLICY = DEFAULT_POLICY;
/** The same, as a controller is told it. */
export const ENFORCED_POLICY = 'name: built-in\nversion: 1\nmode: enforce\n';

/** The policy file as a controller is told it, in force whatever it says of that. @throws BrambleError `invalid-argument` */
export function enforced(text: string, from: string): string {
  parseHealingPolicy(text, from);
  const others = text.split('\n').filter((line) => !/^mode\s*:/.test(line));
  return `${others.join('\n')}\nmode: enforce\n`;
}

export interface Injection {
  readonly name: FaultName;
  /** Index among what the fault can strike. */
  readonly target: number;
  readonly atMs: number;
  /** `undefined` = as long as the mix says. */
  readonly lastsMs: number | undefined;
}

/** "uplink-cut", "uplink-cut:2@24" or "hang:5@0.5+60": what, which, at which hour, for how many minutes. */
export function parseInjection(text: string): Injection {
  const match = /^([a-z-]+)(?::(\d+))?(?:@(\d+(?:\.\d+)?))?(?:\+(\d+(?:\.\d+)?))?$/.exec(text);
  const name = FAULT_MIX.find((one) => one.name === match?.[1])?.name;
  if (match === null || name === undefined) {
    throw new BrambleError('invalid-argument', `not a fault: ${text}`, {
      hint: `NAME[:INDEX][@HOURS][+MINUTES], where NAME is one of ${FAULT_MIX.map((one) => one.name).join(', ')}`,
    });
  }
  return {
    name,
    target: Number(match[2] ?? 0),
    atMs: Math.round(Number(match[3] ?? 1) * 3_600_000),
    lastsMs: match[4] === undefined ? undefined : Math.round(Number(match[4]) * 60_000),
  };
}
