import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { SWITCH_ROUTES } from '../table/switches.js';

export function switchHandlers({ switches }: Pick<WebOptions, 'switches'>): Handlers<typeof SWITCH_ROUTES> {
  return {
    getSwitchPorts: ({ params, caller }) => switches.ports(params.id, caller),
    previewPortChange: async ({ body, caller }) => ({ switches: await switches.preview(body.switches, caller) }),
    beginPortChange: ({ body, caller }) => switches.begin(body, caller),
    listPortChanges: async ({ query, caller }) => ({
      changes: await switches.list(query.node, query.limit, caller),
    }),
    getPortChange: ({ params, caller }) => switches.get(params.id, caller),
    approvePortChange: ({ params, caller }) => switches.approve(params.id, caller),
    takeBackPortChange: ({ params, body, caller }) => switches.takeBack(params.id, body.reason, caller),
  };
}
