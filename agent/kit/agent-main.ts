import { VERSION } from '../../proto/contract/build.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { AgentProgram } from './program/agent-program.js';
import { type Invocation, parseArguments, usage } from './program/arguments.js';
import type { ProgramIo } from './program/program-io.js';

/** Exit codes: 0 done, 1 failed (standard error says why), 2 not understood. */
const FAILED = 1;
const MISUSED = 2;

/** The command line that the three agents share. Answers with the exit code. */
export async function agentMain(program: AgentProgram, io: ProgramIo): Promise<number> {
  let invocation: Invocation;
  try {
    invocation = parseArguments(io.args);
  } catch (error) {
    io.error(`${program.name}: ${BrambleError.from(error).message}\n\n${usage(program)}`);
    return MISUSED;
  }
  try {
    return await carryOut(program, io, invocation);
  } catch (thrown) {
    const error = BrambleError.from(thrown);
    // A bug is worth its stack; an operating error is worth one line and what to do.
    const bug = error.code === 'internal' && error.cause instanceof Error ? `\n${error.cause.stack ?? ''}` : '';
    io.error(`${program.name}: ${error.message}${error.hint === undefined ? '' : `\n  ${error.hint}`}${bug}\n`);
    return FAILED;
  }
}

async function carryOut(program: AgentProgram, io: ProgramIo, invocation: Invocation): Promise<number> {
  switch (invocation.kind) {
    case 'help':
      io.out(usage(program));
      return 0;
    case 'version':
      io.out(`${program.name} ${VERSION}\n`);
      return 0;
    // Each loads only what it needs: the helper holds root's rights and starts once per request.
    case 'report': {
      const { runReport } = await import('./program/run-report.js');
      return await runReport(program, io, invocation);
    }
    case 'helper': {
      const { runNodeHelper } = await import('./host/node/helper.js');
      return await runNodeHelper({ ...invocation, own: program.own?.orders() });
    }
    case 'raise-clock': {
      const { runRaiseClock } = await import('./program/run-raise-clock.js');
      return await runRaiseClock(io, invocation.stateDir ?? program.stateDir);
    }
    case 'keep': {
      if (program.own === undefined) throw new BrambleError('unsupported', `${program.name} leaves nothing open`);
      const tell = (words: string): void => {
        io.out(`${words}\n`);
      };
      await program.own.keep(invocation.duty, tell, io.stopSignal());
      return 0;
    }
    case 'mailbox': {
      if (program.mailbox === undefined) throw new BrambleError('unsupported', `${program.name} has no mailbox`);
      return await program.mailbox(io);
    }
    case 'run': {
      const { runDaemon } = await import('./program/run-daemon.js');
      return await runDaemon(program, io, invocation.configPath ?? program.configPath);
    }
  }
}
