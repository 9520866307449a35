import type { RouteRight } from '../access/right.js';
import type { ROUTES } from './index.js';

/**
 * Who may use which route: the one table of rights. A route without a line here does not compile, and one that is made
 * past the table does not start. Where a right is limited to sites, use cases judge the very thing that is asked for.
 */
export const ROUTE_RIGHTS = {
  listNodes: 'nodes.read',
  getNode: 'nodes.read',
  getNodeHistory: 'nodes.read',
  getNodeBoot: 'nodes.read',
  listLoads: 'nodes.read',
  listBoards: 'nodes.read',
  changeNode: 'nodes.manage',
  startNodeMaintenance: 'nodes.maintain',
  endNodeMaintenance: 'nodes.maintain',
  revokeNode: 'nodes.manage',
  thawNode: 'nodes.manage',

  getNodeConfig: 'configs.read',
  listNodeConfigs: 'configs.read',
  setNodeConfig: 'configs.manage',
  rollbackNodeConfig: 'configs.manage',

  listSites: 'nodes.read',
  getSite: 'nodes.read',
  createSite: 'sites.manage',
  changeSite: 'sites.manage',
  deleteSite: 'sites.manage',
  startSiteMaintenance: 'nodes.maintain',
  endSiteMaintenance: 'nodes.maintain',

  getHealing: 'nodes.read',
  getNodeHealing: 'nodes.read',
  repairNode: 'nodes.maintain',
  getHealingPolicy: 'nodes.read',
  listHealingPolicies: 'nodes.read',
  setHealingPolicy: 'healing.manage',
  listHolds: 'nodes.read',
  holdHealing: 'nodes.maintain',
  liftHold: 'nodes.maintain',

  listIncidents: 'nodes.read',
  getIncident: 'nodes.read',
  acknowledgeIncident: 'nodes.maintain',
  commentIncident: 'nodes.maintain',
  closeIncident: 'nodes.maintain',
  startProvisioning: 'nodes.manage',
  listProvisioning: 'nodes.read',
  getProvisioning: 'nodes.read',
  abortProvisioning: 'nodes.manage',

  // Of an image nodes.manage, of a config configs.manage: RolloutDesk.
  startRollout: 'configs.manage',
  listRollouts: 'nodes.read',
  getRollout: 'nodes.read',
  changeRollout: 'configs.manage',

  getTopology: 'nodes.read',
  setTopology: 'healing.manage',
  listAddresses: 'nodes.read',
  whatIf: 'nodes.read',
  listOffers: 'nodes.read',
  findPlacement: 'nodes.read',

  getOverlay: 'nodes.read',
  diffOverlay: 'fleet.manage',
  changeOverlayKey: 'fleet.manage',

  getSwitchPorts: 'commands.read',
  previewPortChange: 'commands.read',
  beginPortChange: 'commands.issue',
  listPortChanges: 'commands.read',
  getPortChange: 'commands.read',
  approvePortChange: 'commands.issue',
  takeBackPortChange: 'commands.issue',

  // Each operation wants what its own route wants: ScopedFleet.batch().
  runBatch: 'signed-in',

  listCommands: 'commands.read',
  listNodeCommands: 'commands.read',
  issueCommand: 'commands.issue',
  getCommand: 'commands.read',
  getUpload: 'uploads.read',

  listImages: 'images.read',
  listImagePlaces: 'images.read',
  findMissingChunks: 'images.manage',
  putChunks: 'images.manage',
  publishImage: 'images.manage',
  removeImage: 'images.manage',

  listEnrollments: 'enrollments.read',
  approveEnrollment: 'enrollments.decide',
  rejectEnrollment: 'enrollments.decide',
  listTokens: 'tokens.read',
  createToken: 'tokens.manage',
  revokeToken: 'tokens.manage',

  listEvents: 'events.read',
  streamEvents: 'events.read',

  getHealth: 'public',
  getReadiness: 'public',
  getMetrics: 'metrics',
  discoverTargets: 'nodes.read',
  getOpenApi: 'public',

  login: 'public',
  loginByLink: 'public',
  // The present password is the right, as with signing in.
  changeOwnPassword: 'public',
  getSession: 'signed-in',
  logout: 'signed-in',
  logoutEverywhere: 'signed-in',
  createLoginLink: 'access.manage',

  listUsers: 'access.read',
  createUser: 'access.manage',
  changeUser: 'access.manage',
  listApiTokens: 'access.read',
  createApiToken: 'access.manage',
  revokeApiToken: 'access.manage',

  listAudit: 'audit.read',
  verifyAudit: 'audit.verify',

  makeBackup: 'fleet.manage',
  promoteController: 'fleet.manage',
  examineController: 'metrics.read',
} as const satisfies Readonly<Record<keyof typeof ROUTES, RouteRight>>;
