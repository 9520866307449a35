/** The fileserver of the demo site of `npm start`: the real agent on a simulated board, in a process of its own. */
import { parseArgs } from 'node:util';
import { logWith, siteProgram } from '../../agent/demo/site-program.js';
import { makeNodeBasics } from '../../agent/kit/host/node/basics.js';
import { makeNodeLogTail } from '../../agent/kit/host/node/log-tail.js';
import { makeNodeProgramIo } from '../../agent/kit/host/node/program-io.js';
import { makeMemoryTidier } from '../../agent/kit/host/node/tidy-memory.js';
import { runDemoFileserver } from './demo-fileserver.js';
import { FILESERVER_NAME } from './server-spec.js';

const io = makeNodeProgramIo();
const { config: configPath } = parseArgs({ args: [...io.args], options: { config: { type: 'string' } } }).values;
const program = { name: 'bramble-demo-fileserver', io, configPath };

process.exit(
  await siteProgram(program, ({ config, join, log }, stop) => {
    const { pis, seed, stateDir, troubles: hasTroubles } = config;
    const { bootLogFile, breaksFile, stillFiles, rootsFile } = config;
    const real = makeNodeBasics();
    const tidyMemory = makeMemoryTidier();
    const site = { pis, seed, stateDir, hasTroubles, join, real, tail: makeNodeLogTail(), tidyMemory };
    const files = { bootLogFile, breaksFile, stillFiles, rootsFile };
    return runDemoFileserver({ ...site, ...files, log: logWith(log, FILESERVER_NAME) }, stop);
  }),
);
