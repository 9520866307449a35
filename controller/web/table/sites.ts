import { z } from 'zod';
import { type MaintenanceView, SiteView } from '../../../proto/contract/api/fleet.js';
import { SiteList } from '../../../proto/contract/api/lists.js';
import { MaintenanceStart, MaintenanceState, SiteChange, SiteCreate } from '../../../proto/contract/api/requests.js';
import { declareRoute } from '../declare.js';
import { SiteIdText } from '../parse.js';
import { AT_MS } from './examples.js';

const SitePath = z.object({ site: SiteIdText });

export const MAINTENANCE_EXAMPLE: MaintenanceView = {
  scope: 'site',
  owner: 'kim',
  reason: 'new switch',
  sinceMs: AT_MS,
  untilMs: AT_MS + 3_600_000,
};

const SITE_EXAMPLE: SiteView = {
  name: 'cam',
  label: 'Cambridge',
  location: 'Rack 7, second floor',
  uplink: { downBitsPerS: 50_000_000, upBitsPerS: 10_000_000, monthlyBytes: 1_000_000_000_000 },
  uplinkUse: {
    ...{ downBitsPerS: 24_100_000, upBitsPerS: 31_000, imagesBitsPerS: 24_000_000, uploadsBitsPerS: 0 },
    ...{ monthBytes: 4_100_000_000, reportIntervalMs: 30_000 },
  },
  createdAtMs: AT_MS,
  revision: 1,
  nodesByState: { ready: 23, troubled: 1, 'no-contact': 0, unknown: 0, maintenance: 0, frozen: 0, revoked: 2 },
};

export const SITE_ROUTES = {
  listSites: declareRoute({
    method: 'GET',
    path: '/api/v1/sites',
    summary: 'Sites, with how their nodes are',
    tag: 'sites',
    doors: 'both',
    answer: {
      status: 200,
      description: 'all sites',
      schema: SiteList,
      example: { sites: [SITE_EXAMPLE], hasOverlay: true },
    },
    errors: [],
  }),
  createSite: declareRoute({
    method: 'POST',
    path: '/api/v1/sites',
    summary: 'Make a site; a join token for a site that is not there makes one too',
    tag: 'sites',
    doors: 'both',
    body: SiteCreate,
    answer: { status: 201, description: 'the site', schema: SiteView, example: SITE_EXAMPLE, tagged: true },
    errors: ['already-exists'],
  }),
  getSite: declareRoute({
    method: 'GET',
    path: '/api/v1/sites/:site',
    summary: 'One site',
    tag: 'sites',
    doors: 'both',
    params: SitePath,
    answer: { status: 200, description: 'the site', schema: SiteView, example: SITE_EXAMPLE, tagged: true },
    errors: ['not-found'],
  }),
  changeSite: declareRoute({
    method: 'PATCH',
    path: '/api/v1/sites/:site',
    summary: 'Change what is said of a site; what is not named stays',
    tag: 'sites',
    doors: 'both',
    params: SitePath,
    body: SiteChange,
    conditional: true,
    answer: { status: 200, description: 'the site, changed', schema: SiteView, example: SITE_EXAMPLE, tagged: true },
    errors: ['not-found'],
  }),
  deleteSite: declareRoute({
    method: 'DELETE',
    path: '/api/v1/sites/:site',
    summary: 'Delete a site that has no node in service, no usable token, and nobody who waits',
    tag: 'sites',
    doors: 'both',
    params: SitePath,
    conditional: true,
    answer: { status: 200, description: 'the site as it was', schema: SiteView, example: SITE_EXAMPLE },
    errors: ['not-found', 'failed-precondition'],
  }),
  startSiteMaintenance: declareRoute({
    method: 'PUT',
    path: '/api/v1/sites/:site/maintenance',
    summary: 'Say that somebody works on a whole site, and until when',
    tag: 'sites',
    doors: 'both',
    params: SitePath,
    body: MaintenanceStart,
    answer: {
      status: 200,
      description: 'in maintenance',
      schema: MaintenanceState,
      example: { maintenance: MAINTENANCE_EXAMPLE },
    },
    errors: ['not-found'],
  }),
  endSiteMaintenance: declareRoute({
    method: 'DELETE',
    path: '/api/v1/sites/:site/maintenance',
    summary: 'End the maintenance of a site before its time',
    tag: 'sites',
    doors: 'both',
    params: SitePath,
    answer: { status: 200, description: 'not in maintenance', schema: MaintenanceState, example: {} },
    errors: ['not-found'],
  }),
} as const;
