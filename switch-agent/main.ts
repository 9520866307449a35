import { hostHandlers } from '../agent/kit/actions/index.js';
import { agentMain } from '../agent/kit/agent-main.js';
import { hostCollectors } from '../agent/kit/collectors/index.js';
import { makeNodeProgramIo } from '../agent/kit/host/node/program-io.js';
import type { AgentProgram } from '../agent/kit/program/agent-program.js';

const SWITCH_AGENT: AgentProgram = {
  kind: 'switch',
  name: 'bramble-switch-agent',
  configPath: '/etc/bramble/switch-agent.yaml',
  stateDir: '/var/lib/bramble-switch-agent',
  collectors: (probe, { otherRoot }) => hostCollectors(probe, otherRoot),
  handlers: hostHandlers,
};

process.exit(await agentMain(SWITCH_AGENT, makeNodeProgramIo()));
