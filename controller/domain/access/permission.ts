import type { Role } from '../../../proto/contract/access.js';

/** Everything that may be allowed, in the words of the table of rights. Closed: what is not here nobody may do. */
export const PERMISSIONS = {
  'nodes.read': 'see nodes, their facts, conditions and history',
  'events.read': 'see what happened to them',
  'commands.read': 'see commands and how far they are',
  'commands.issue': 'order nodes to do something',
  'uploads.read': 'fetch what nodes have gathered and uploaded, their logs among it',
  'nodes.manage': 'name, label, make, change, revoke and thaw nodes',
  'nodes.maintain': 'say that somebody works on nodes or a site, and until when',
  'sites.manage': 'make, change and delete sites',
  'configs.read': 'see what nodes should be of their own configuration, users and keys among it',
  'configs.manage': 'say what nodes should be of their own configuration',
  'images.read': 'see images and where they are',
  'images.manage': 'put images on the controller, and take them away',
  'enrollments.read': 'see who asks to join',
  'enrollments.decide': 'let nodes join, or not',
  'tokens.read': 'see join tokens, without their secrets',
  'tokens.manage': 'make and revoke join tokens',
  'access.read': 'see users and API tokens, without their secrets',
  'access.manage': 'make, change and end users and API tokens',
  'audit.read': 'see who did what',
  'audit.verify': 'check the audit log against what agents remember',
  'fleet.manage': 'make backups of the controller, and let a restored one command again',
  'healing.manage': 'say what stands where, and by which policy nodes are healed',
  'metrics.read': 'scrape figures of the whole fleet',
} as const;

export type Permission = keyof typeof PERMISSIONS;

export const ALL_PERMISSIONS = Object.keys(PERMISSIONS) as readonly Permission[]; // its own keys

/** What belongs to no site: a grant for some sites does not reach it. */
export const FLEET_WIDE: ReadonlySet<Permission> = new Set([
  'images.manage',
  'access.read',
  'access.manage',
  'audit.verify',
  'fleet.manage',
  'healing.manage',
  'metrics.read',
]);

const VIEWER = [
  'nodes.read',
  'events.read',
  'commands.read',
  'images.read',
  'enrollments.read',
  'audit.read',
  'metrics.read',
] as const satisfies readonly Permission[];
const OPERATOR = [
  ...VIEWER,
  'commands.issue',
  'nodes.maintain',
  'uploads.read',
  'configs.read',
] as const satisfies readonly Permission[];
const SITE_ADMIN = [
  ...OPERATOR,
  'nodes.manage',
  'sites.manage',
  'configs.manage',
  'enrollments.decide',
  'tokens.read',
  'tokens.manage',
] as const satisfies readonly Permission[];

/** Who may do what, within the scope of the grant. Whoever opens the administrator's socket may do everything. */
export const MATRIX: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  viewer: new Set(VIEWER),
  operator: new Set(OPERATOR),
  'site-admin': new Set(SITE_ADMIN),
  'fleet-admin': new Set(ALL_PERMISSIONS),
  auditor: new Set([...VIEWER, 'configs.read', 'tokens.read', 'access.read', 'audit.verify']),
};
