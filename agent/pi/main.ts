import { agentMain } from '../kit/agent-main.js';
import { makeNodeProgramIo } from '../kit/host/node/program-io.js';
import type { AgentProgram } from '../kit/program/agent-program.js';
import { piCollectors } from './collectors/index.js';
import { piHandlers } from './commands/index.js';

const PI_AGENT: AgentProgram = {
  kind: 'pi',
  name: 'bramble-agent',
  configPath: '/etc/bramble/agent.yaml',
  stateDir: '/var/lib/bramble-agent',
  collectors: piCollectors,
  handlers: piHandlers,
};

process.exit(await agentMain(PI_AGENT, makeNodeProgramIo()));
