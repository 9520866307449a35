import type { ActionHost, AgentView } from '../command/handler.js';
import type { Host } from '../host/ports.js';

/** An agent that has just been welcomed, and whose clock is right. */
export function agentView(over: Partial<AgentView> = {}): AgentView {
  return {
    controllerOffsetMs: () => 0,
    clockUntrusted: () => false,
    begunLastHourCount: () => 0,
    samples: () => [],
    describe: () => ({}),
    addressesCount: () => 1,
    stayAway: ({ forMs }) => Promise.resolve({ afterMs: forMs, address: 1, before: 1 }),
    upload: () => Promise.resolve(),
    ...over,
  };
}

/** What a handler gets when its command is carried out. */
export function actionHost(host: Host, over: Partial<ActionHost> = {}): ActionHost {
  return {
    ...{ host, bootId: 'b', commandId: '01890a5d-ac96-774b-bcce-b302099a8057', agent: agentView() },
    ...{ stopped: new AbortController().signal, tell: () => undefined },
    ...over,
  };
}
