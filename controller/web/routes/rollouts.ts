import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { ROLLOUT_ROUTES } from '../table/rollouts.js';

export function rolloutHandlers({ rollouts }: WebOptions): Handlers<typeof ROLLOUT_ROUTES> {
  return {
    startRollout: ({ body, caller }) => rollouts.start(body, caller),
    listRollouts: async ({ query, caller }) => ({ rollouts: [...(await rollouts.list(query.limit, caller))] }),
    getRollout: ({ params, caller }) => rollouts.get(params.id, caller),
    changeRollout: ({ params, body, caller }) => rollouts.become(params.id, body, caller),
  };
}
