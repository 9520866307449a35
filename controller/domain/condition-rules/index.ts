/**
 * Thresholds as data: which numbers mean trouble. A rule measures one thing, compares it with levels, and says in plain
 * words what was found and what to do. Adding a rule is one entry in the file of its subject.
 */

import type { ConditionRule } from '../condition-rule.js';
import { AGENT_RULES } from './agent.js';
import { BOOT_RULES } from './boot.js';
import { BOOT_PATH_RULES } from './boot-path.js';
import { CARD_RULES } from './card.js';
import { CLOCK_RULES } from './clock.js';
import { KERNEL_RULES } from './kernel-log.js';
import { MEMORY_RULES } from './memory.js';
import { NETWORK_RULES } from './network.js';
import { NFS_RULES } from './nfs.js';
import { NODE_CONFIG_RULES } from './node-config.js';
import { POWER_RULES } from './power.js';
import { PRESSURE_RULES } from './pressure.js';
import { RAID_RULES } from './raid.js';
import { SMART_RULES } from './smart.js';
import { STORAGE_RULES } from './storage.js';
import { SWITCH_RULES } from './switch.js';
import { THERMAL_RULES } from './thermal.js';
import { UNIT_RULES } from './units.js';
import { UPKEEP_RULES } from './upkeep.js';
import { VOLUME_RULES } from './volumes.js';

/** Every rule, in the order in which troubles of one severity are told: what breaks others comes first. */
export const CONDITION_RULES: readonly ConditionRule[] = [
  ...POWER_RULES,
  ...THERMAL_RULES,
  ...RAID_RULES,
  ...SWITCH_RULES,
  ...SMART_RULES,
  ...VOLUME_RULES,
  ...STORAGE_RULES,
  ...CARD_RULES,
  ...NFS_RULES,
  ...BOOT_PATH_RULES,
  ...BOOT_RULES,
  ...KERNEL_RULES,
  ...MEMORY_RULES,
  ...PRESSURE_RULES,
  ...CLOCK_RULES,
  ...NETWORK_RULES,
  ...UNIT_RULES,
  ...AGENT_RULES,
  ...NODE_CONFIG_RULES,
  ...UPKEEP_RULES,
];
