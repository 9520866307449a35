import { agentMain } from '../kit/agent-main.js';
import { makeNodeProgramIo } from '../kit/host/node/program-io.js';
import type { AgentProgram } from '../kit/program/agent-program.js';
import { piCollectors } from './collectors/index.js';
import { piHandlers } from './commands/index.js';

/** Beside this program: what looks at the hardware and ends. */
const INVENTORY = [
  process.execPath,
  decodeURIComponent(new URL('bramble-inventory.mjs', import.meta.url).pathname),
] as const;

const PI_AGENT: AgentProgram = {
  kind: 'pi',
  name: 'bramble-agent',
  configPath: '/etc/bramble/agent.yaml',
  stateDir: '/var/lib/bramble-agent',
  collectors: (probe, wishes) => piCollectors(probe, { ...wishes, inventory: INVENTORY }),
  handlers: piHandlers,
  // Loaded by the one process that needs it.
  mailbox: async (io) => (await import('../kit/program/run-mailbox.js')).runMailbox('bramble-agent.service', io),
};

process.exit(await agentMain(PI_AGENT, makeNodeProgramIo()));
