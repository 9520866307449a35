import type { Command } from 'commander';
import { BrambleError } from '../../../proto/contract/errors.js';
import { print } from '../context.js';
import { EXIT } from '../errors.js';
import { issueAndFollow } from '../follow-command.js';
import { commandListing } from '../listings.js';
import { resolveNode } from '../resolve.js';
import { type ActionOptions, MINUTE_MS, withActionOptions } from './node-actions.js';
import type { Register, RunCommand } from './register.js';

const OPEN: readonly string[] = ['issued', 'dispatched', 'accepted', 'started'];

export const registerCommand: Register = (program, run) => {
  const command = program.command('command').description('Look at commands, and end them');
  registerGet(command, run);
  registerCancel(command, run);
};

function registerGet(command: Command, run: RunCommand): void {
  command
    .command('get')
    .description('How far a command is')
    .argument('<id>')
    .action((id: string) =>
      run(async (context) => {
        const found = await context.api.command(id);
        print(context, commandListing(context.nowMs()), [found], found);
        return EXIT.ok;
      }),
    );
}

function registerCancel(command: Command, run: RunCommand): void {
  const cancel = command
    .command('cancel')
    .description('Not begin a command that waits, or end one that runs and can be ended')
    .argument('<id>');
  withActionOptions(cancel, MINUTE_MS).action((id: string, options: ActionOptions) =>
    run(async (context) => {
      const { nodeId, state } = await context.api.command(id);
      if (!OPEN.includes(state)) {
        throw new BrambleError('failed-precondition', `command ${id} is over: it is ${state}`);
      }
      const node = await resolveNode(context.api, nodeId);
      return issueAndFollow(context, node, { kind: 'cancel-command', commandId: id }, options);
    }),
  );
}
