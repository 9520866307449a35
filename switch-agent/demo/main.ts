/** The switch of the demo site of `npm start`: the real agent on simulated ports, in a process of its own. */
import { parseArgs } from 'node:util';
import { logWith, siteProgram } from '../../agent/demo/site-program.js';
import { makeNodeBasics } from '../../agent/kit/host/node/basics.js';
import { makeNodeProgramIo } from '../../agent/kit/host/node/program-io.js';
import { makeMemoryTidier } from '../../agent/kit/host/node/tidy-memory.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { runDemoSwitch } from './demo-switch.js';
import { SWITCH_NAME } from './switch-spec.js';

const io = makeNodeProgramIo();
const { config: configPath } = parseArgs({ args: [...io.args], options: { config: { type: 'string' } } }).values;

process.exit(
  await siteProgram({ name: 'bramble-demo-switch', io, configPath }, ({ config, join, log }, stop) => {
    const { pis, seed, stateDir, cables, breaksFile } = config;
    if (cables === undefined) throw new BrambleError('invalid-argument', 'a switch needs cables');
    const real = makeNodeBasics();
    const site = { pis, seed, stateDir, cables, breaksFile, join, real, tidyMemory: makeMemoryTidier() };
    return runDemoSwitch({ ...site, log: logWith(log, SWITCH_NAME) }, stop);
  }),
);
