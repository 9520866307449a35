import { parseHealingPolicy } from '../../config/healing-policy.js';
import type { HealingPorts } from '../core.js';

/** The real policies, and a process that is never late. */
export const healingPorts: HealingPorts = { parsePolicy: parseHealingPolicy, loopLagMs: () => 0 };
