import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { HEALING_ROUTES } from '../table/healing.js';
import type { TOPOLOGY_ROUTES } from '../table/topology.js';

export function healingHandlers({ healing }: WebOptions): Handlers<typeof HEALING_ROUTES> {
  return {
    getHealing: ({ caller }) => healing.status(caller),
    getNodeHealing: ({ params, query, caller }) => healing.node(params.id, query.limit, caller),
    async repairNode({ params, caller }) {
      await healing.repaired(params.id, caller);
      return {};
    },
    getHealingPolicy: ({ caller }) => healing.policy(caller),
    listHealingPolicies: async ({ query, caller }) => ({
      policies: [...(await healing.policies(query.limit, caller))],
    }),
    setHealingPolicy: ({ body, caller }) => healing.setPolicy(body.text, body.reason, caller),
    listHolds: ({ caller }) => ({ holds: [...healing.holds(caller)] }),
    holdHealing: ({ body: { owner, ...body }, caller }) => healing.hold({ ...body, owner }, caller),
    async liftHold({ params, caller }) {
      await healing.lift(params.hold, caller);
      return {};
    },
  };
}

export function topologyHandlers({ healing }: WebOptions): Handlers<typeof TOPOLOGY_ROUTES> {
  return {
    getTopology: ({ caller }) => healing.topology(caller),
    setTopology: ({ body: { topology: document, expectedRevision, reason }, caller }) =>
      healing.setTopology({ document, expectedRevision, reason }, caller),
    listAddresses: ({ caller }) => healing.addresses(caller),
    whatIf: ({ query, caller }) => healing.whatIf(query.pull, caller),
    listOffers: ({ caller }) => healing.offers(caller),
    findPlacement: ({ body, caller }) => healing.place(body, caller),
  };
}
