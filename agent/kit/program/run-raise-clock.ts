import { makeNodeClock } from '../host/node/clock.js';
import { makeNodeExec } from '../host/node/exec.js';
import { makeNodeFiles } from '../host/node/files.js';
import type { ProgramIo } from './program-io.js';
import { raiseClock, renderRaisedClock } from './raise-clock.js';

/** Sets a clock that is behind. Needs no configuration: it must work whatever else is broken. */
export async function runRaiseClock(io: ProgramIo, stateDir: string): Promise<number> {
  const host = { clock: makeNodeClock(), exec: makeNodeExec(), files: makeNodeFiles() };
  io.out(renderRaisedClock(await raiseClock(host, `${stateDir}/clock-floor`)));
  return 0;
}
