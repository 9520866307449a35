/** The fileserver of the demo site of `npm start`: the real agent on a simulated board, in a process of its own. */
import { parseArgs } from 'node:util';
import { logWith, siteProgram } from '../../agent/demo/site-program.js';
import { makeNodeClock } from '../../agent/kit/host/node/clock.js';
import { makeNodeFiles } from '../../agent/kit/host/node/files.js';
import { makeNodeGzip } from '../../agent/kit/host/node/gzip.js';
import { makeNodeKeys } from '../../agent/kit/host/node/keys.js';
import { makeNodeLogTail } from '../../agent/kit/host/node/log-tail.js';
import { makeGrpcNet } from '../../agent/kit/host/node/net.js';
import { makeNodeProgramIo } from '../../agent/kit/host/node/program-io.js';
import { makeNodeRandom } from '../../agent/kit/host/node/random.js';
import { makeMemoryTidier } from '../../agent/kit/host/node/tidy-memory.js';
import { runDemoFileserver } from './demo-fileserver.js';
import { FILESERVER_NAME } from './server-spec.js';

const io = makeNodeProgramIo();
const { config: configPath } = parseArgs({ args: [...io.args], options: { config: { type: 'string' } } }).values;
const program = { name: 'bramble-demo-fileserver', io, configPath };

process.exit(
  await siteProgram(program, ({ config, join, log }, stop) => {
    const { pis, seed, stateDir, bootLogFile, troubles: hasTroubles } = config;
    const real = {
      clock: makeNodeClock(),
      files: makeNodeFiles(),
      gzip: makeNodeGzip(),
      keys: makeNodeKeys(),
      net: makeGrpcNet(),
      random: makeNodeRandom(),
    };
    const tidyMemory = makeMemoryTidier();
    const site = { pis, seed, stateDir, bootLogFile, hasTroubles, join, real, tail: makeNodeLogTail(), tidyMemory };
    return runDemoFileserver({ ...site, log: logWith(log, FILESERVER_NAME) }, stop);
  }),
);
