import { agentMain } from '../agent/kit/agent-main.js';

import { readOwnedText } from '../agent/kit/host/node/owned-file.js';
import { makeNodeProgramIo } from '../agent/kit/host/node/program-io.js';
import type { AgentProgram } from '../agent/kit/program/agent-program.js';
import { makeNodeActuatorHost } from './actuator/node-host.js';
import { makeSwitchProgram, POLICY_PATH } from './actuator/program.js';
import { switchCollectors } from './collectors/index.js';
import { switchHandlers } from './commands/index.js';

const SWITCH_AGENT: AgentProgram = {
  kind: 'switch',
  name: 'bramble-switch-agent',
  configPath: '/etc/bramble/switch-agent.yaml',
  stateDir: '/var/lib/bramble-switch-agent',
  collectors: switchCollectors,
  handlers: switchHandlers,
  own: makeSwitchProgram({
    makeHost: () => makeNodeActuatorHost(),
    readPolicy: () => readOwnedText(POLICY_PATH, 0),
  }),
};

process.exit(await agentMain(SWITCH_AGENT, makeNodeProgramIo()));
