import { agentMain } from '../agent/kit/agent-main.js';
import { makeNodeDatagrams } from '../agent/kit/host/node/datagrams.js';
import { makeNodeLogTail, nodeLocalTime } from '../agent/kit/host/node/log-tail.js';
import { makeNodeProgramIo } from '../agent/kit/host/node/program-io.js';
import type { AgentProgram } from '../agent/kit/program/agent-program.js';
import { fileserverCollectors } from './collectors/index.js';
import { fileserverHandlers } from './commands/index.js';
import { makeRaidWatch } from './raid/raid-watch.js';
import { makeRootsWatch } from './roots-watch.js';

const SOURCES = { tail: makeNodeLogTail(), localTime: nodeLocalTime, datagrams: makeNodeDatagrams() };

const FILESERVER_AGENT: AgentProgram = {
  kind: 'fileserver',
  name: 'bramble-fileserver-agent',
  configPath: '/etc/bramble/fileserver-agent.yaml',
  stateDir: '/var/lib/bramble-fileserver-agent',
  collectors: (probe, wishes) => fileserverCollectors(probe, { ...wishes, sources: SOURCES }),
  watches: (probe) => [makeRaidWatch(probe), makeRootsWatch()],
  handlers: fileserverHandlers,
};

process.exit(await agentMain(FILESERVER_AGENT, makeNodeProgramIo()));
