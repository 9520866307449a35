import { hostHandlers } from '../agent/kit/actions/index.js';
import { agentMain } from '../agent/kit/agent-main.js';
import { hostCollectors } from '../agent/kit/collectors/index.js';
import { makeNodeProgramIo } from '../agent/kit/host/node/program-io.js';
import type { AgentProgram } from '../agent/kit/program/agent-program.js';

const FILESERVER_AGENT: AgentProgram = {
  kind: 'fileserver',
  name: 'bramble-fileserver-agent',
  configPath: '/etc/bramble/fileserver-agent.yaml',
  stateDir: '/var/lib/bramble-fileserver-agent',
  collectors: (probe, { otherRoot }) => hostCollectors(probe, otherRoot),
  handlers: hostHandlers,
};

process.exit(await agentMain(FILESERVER_AGENT, makeNodeProgramIo()));
