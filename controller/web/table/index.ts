import { ACCOUNT_ROUTES } from './accounts.js';
import { AUDIT_ROUTES } from './audit.js';
import { BACKUP_ROUTES } from './backups.js';
import { BATCH_ROUTES } from './batch.js';
import { BOARD_ROUTES } from './boards.js';
import { COMMAND_ROUTES } from './commands.js';
import { DISCOVERY_ROUTES } from './discovery.js';
import { DOCTOR_ROUTES } from './doctor.js';
import { ENROLLMENT_ROUTES } from './enrollment.js';
import { EVENT_ROUTES } from './events.js';
import { HEALING_ROUTES } from './healing.js';
import { IMAGE_ROUTES } from './images.js';
import { INCIDENT_ROUTES } from './incidents.js';
import { LOAD_ROUTES } from './loads.js';
import { NODE_CONFIG_ROUTES } from './node-configs.js';
import { NODE_ROUTES } from './nodes.js';
import { OVERLAY_ROUTES } from './overlay.js';
import { PROBE_ROUTES } from './probes.js';
import { PROVISIONING_ROUTES } from './provisioning.js';
import { ROLLOUT_ROUTES } from './rollouts.js';
import { SESSION_ROUTES } from './session.js';
import { SITE_ROUTES } from './sites.js';
import { SWITCH_ROUTES } from './switches.js';
import { TOPOLOGY_ROUTES } from './topology.js';
import { UPLOAD_ROUTES } from './uploads.js';

/** Every route there is, by the name of its operation; only the files of the page are not here. */
export const ROUTES = {
  ...NODE_ROUTES,
  ...LOAD_ROUTES,
  ...BOARD_ROUTES,
  ...NODE_CONFIG_ROUTES,
  ...SITE_ROUTES,
  ...HEALING_ROUTES,
  ...INCIDENT_ROUTES,
  ...TOPOLOGY_ROUTES,
  ...PROVISIONING_ROUTES,
  ...ROLLOUT_ROUTES,
  ...BATCH_ROUTES,
  ...COMMAND_ROUTES,
  ...ENROLLMENT_ROUTES,
  ...EVENT_ROUTES,
  ...PROBE_ROUTES,
  ...SESSION_ROUTES,
  ...ACCOUNT_ROUTES,
  ...AUDIT_ROUTES,
  ...BACKUP_ROUTES,
  ...DOCTOR_ROUTES,
  ...UPLOAD_ROUTES,
  ...IMAGE_ROUTES,
  ...DISCOVERY_ROUTES,
  ...OVERLAY_ROUTES,
  ...SWITCH_ROUTES,
} as const;
