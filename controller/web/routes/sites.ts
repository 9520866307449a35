import { revisionSeen } from '../etag.js';
import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { SITE_ROUTES } from '../table/sites.js';
import { actorOf } from './actor.js';

export function siteHandlers({ overlay }: Pick<WebOptions, 'overlay'>): Handlers<typeof SITE_ROUTES> {
  return {
    async listSites({ fleet }) {
      return { sites: [...(await fleet.sites())], hasOverlay: overlay !== undefined };
    },
    createSite: ({ body, request, fleet }) => fleet.createSite(body, actorOf(request)),
    getSite: ({ params, fleet }) => fleet.site(params.site),
    changeSite: ({ params, body, request, fleet }) =>
      fleet.changeSite(params.site, body, revisionSeen(request), actorOf(request)),
    deleteSite: ({ params, request, fleet }) => fleet.removeSite(params.site, revisionSeen(request), actorOf(request)),
    async startSiteMaintenance({ params: { site }, body, request, fleet }) {
      return { maintenance: await fleet.startMaintenance({ kind: 'site', site }, body, actorOf(request)) };
    },
    async endSiteMaintenance({ params: { site }, request, fleet }) {
      await fleet.endMaintenance({ kind: 'site', site }, actorOf(request));
      return {};
    },
  };
}
