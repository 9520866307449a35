/** The demo site of `npm start`, or a part of it: simulated Pis with real agents, in one process. */
import { parseArgs } from 'node:util';
import { makeNodeClock } from '../kit/host/node/clock.js';
import { makeNodeFiles } from '../kit/host/node/files.js';
import { makeNodeGzip } from '../kit/host/node/gzip.js';
import { makeNodeKeys } from '../kit/host/node/keys.js';
import { makeGrpcNet } from '../kit/host/node/net.js';
import { makeNodeProgramIo } from '../kit/host/node/program-io.js';
import { makeNodeRandom } from '../kit/host/node/random.js';
import { makeMemoryTidier } from '../kit/host/node/tidy-memory.js';
import { runDemoSite } from './demo-site.js';
import { logWith, siteProgram } from './site-program.js';

const io = makeNodeProgramIo();
const { config: configPath } = parseArgs({ args: [...io.args], options: { config: { type: 'string' } } }).values;
const program = { name: 'bramble-demo-site', io, configPath };

process.exit(
  await siteProgram(program, ({ config, join, log }, stop) => {
    const { first, pis, seed, stateDir, bootLogFile, troubles: hasTroubles } = config;
    const real = {
      clock: makeNodeClock(),
      files: makeNodeFiles(),
      gzip: makeNodeGzip(),
      keys: makeNodeKeys(),
      net: makeGrpcNet(),
      random: makeNodeRandom(),
    };
    const logOf = (pi: string) => logWith(log, pi);
    const tidyMemory = makeMemoryTidier();
    const site = { first, pis, seed, stateDir, bootLogFile, hasTroubles, join, real, logOf, tidyMemory };
    return runDemoSite(site, stop);
  }),
);
