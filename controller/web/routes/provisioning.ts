import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { PROVISIONING_ROUTES } from '../table/provisioning.js';

export function provisioningHandlers({ provisioning }: WebOptions): Handlers<typeof PROVISIONING_ROUTES> {
  return {
    startProvisioning: ({ body: { dryRun, ...ask }, caller }) => provisioning.start(ask, dryRun, caller),
    listProvisioning: async ({ query, caller }) => ({
      provisionings: [...(await provisioning.list(query.node, query.limit, caller))],
    }),
    getProvisioning: ({ params, caller }) => provisioning.get(params.id, caller),
    abortProvisioning: ({ params, body, caller }) => provisioning.abort(params.id, body.reason, caller),
  };
}
