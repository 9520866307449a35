/** The demo site of `npm start`, or a part of it: simulated Pis with real agents, in one process. */
import { parseArgs } from 'node:util';
import { makeNodeBasics } from '../kit/host/node/basics.js';
import { makeNodeProgramIo } from '../kit/host/node/program-io.js';
import { makeMemoryTidier } from '../kit/host/node/tidy-memory.js';
import { runDemoSite } from './demo-site.js';
import { logWith, siteProgram } from './site-program.js';

const io = makeNodeProgramIo();
const { config: configPath } = parseArgs({ args: [...io.args], options: { config: { type: 'string' } } }).values;
const program = { name: 'bramble-demo-site', io, configPath };

process.exit(
  await siteProgram(program, ({ config, join, log }, stop) => {
    const { first, pis, seed, stateDir, bootLogFile, cables, troubles: hasTroubles } = config;
    const { breaksFile, stillFiles, rootsFile } = config;
    const real = makeNodeBasics();
    const logOf = (pi: string) => logWith(log, pi);
    const tidyMemory = makeMemoryTidier();
    const files = { bootLogFile, cables, breaksFile, stillFiles, rootsFile };
    return runDemoSite({ first, pis, seed, stateDir, ...files, hasTroubles, join, real, logOf, tidyMemory }, stop);
  }),
);
