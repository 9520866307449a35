/** The demo site of `npm start`, or a part of it: simulated Pis with real agents, in one process. */
import { parseArgs } from 'node:util';
import { BrambleError } from '../../proto/contract/errors.js';
import { makeNodeClock } from '../kit/host/node/clock.js';
import { makeNodeFiles } from '../kit/host/node/files.js';
import { makeNodeGzip } from '../kit/host/node/gzip.js';
import { makeNodeKeys } from '../kit/host/node/keys.js';
import { makeGrpcNet } from '../kit/host/node/net.js';
import { makeNodeProgramIo } from '../kit/host/node/program-io.js';
import { makeNodeRandom } from '../kit/host/node/random.js';
import { makeMemoryTidier } from '../kit/host/node/tidy-memory.js';
import type { Log } from '../kit/log.js';
import { makeProgramLog } from '../kit/program/log.js';
import type { ProgramIo } from '../kit/program/program-io.js';
import { runDemoSite } from './demo-site.js';
import { joinOf, parseSiteConfig } from './site-config.js';

const NAME = 'bramble-demo-site';

process.exit(await main(makeNodeProgramIo()));

async function main(io: ProgramIo): Promise<number> {
  const log = makeProgramLog(NAME, 'info');
  io.onCrash((error) => {
    log.error({ err: error }, 'a bug ends the demo site');
    log.flush();
  });
  try {
    await run(io, log);
    return 0;
  } catch (thrown) {
    io.error(`${NAME}: ${BrambleError.from(thrown).message}\n`);
    return 1;
  } finally {
    log.flush();
  }
}

async function run(io: ProgramIo, log: Log): Promise<void> {
  const { config: path } = parseArgs({ args: [...io.args], options: { config: { type: 'string' } } }).values;
  const file = path === undefined ? undefined : await io.readSettings(path);
  if (path === undefined || file === undefined) throw new BrambleError('not-found', 'name a file with --config');
  const config = parseSiteConfig(file.text, path);
  const token = config.join === undefined ? undefined : (await io.readSettings(config.join.tokenFile))?.text;
  const stop = io.stopSignal();
  io.out(`${JSON.stringify({ started: true, pis: config.pis })}\n`);
  await runDemoSite(
    {
      ...{
        first: config.first,
        pis: config.pis,
        seed: config.seed,
        stateDir: config.stateDir,
        hasTroubles: config.troubles,
      },
      join: joinOf(config, token),
      real: {
        clock: makeNodeClock(),
        files: makeNodeFiles(),
        gzip: makeNodeGzip(),
        keys: makeNodeKeys(),
        net: makeGrpcNet(),
        random: makeNodeRandom(),
      },
      logOf: (pi) => logWith(log, pi),
      tidyMemory: makeMemoryTidier(),
    },
    stop,
  );
}

/** Every line says whose it is. */
function logWith(log: Log, pi: string): Log {
  return {
    info: (fields, message) => log.info({ ...fields, pi }, message),
    warn: (fields, message) => log.warn({ ...fields, pi }, message),
    error: (fields, message) => log.error({ ...fields, pi }, message),
  };
}
