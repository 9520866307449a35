import type { Migration } from '../migrate.js';
import { ground } from './001-ground.js';
import { nodeConfig } from './002-node-config.js';
import { access } from './003-access.js';
import { operators } from './004-operators.js';
import { eventSite } from './005-event-site.js';
import { healing } from './006-healing.js';
import { commandProgress } from './007-command-progress.js';
import { overlay } from './008-overlay.js';
import { switches } from './009-switches.js';
import { incidents } from './010-incidents.js';
import { provisioning } from './011-provisioning.js';
import { rollout } from './012-rollout.js';

/** In the order in which they run. A released step never changes: a change is the next step. */
export const MIGRATIONS: readonly Migration[] = [
  ground,
  nodeConfig,
  access,
  operators,
  eventSite,
  healing,
  commandProgress,
  overlay,
  switches,
  incidents,
  provisioning,
  rollout,
];
