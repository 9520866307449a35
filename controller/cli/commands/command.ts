import { print } from '../context.js';
import { EXIT } from '../errors.js';
import { commandListing } from '../listings.js';
import type { Register } from './register.js';

export const registerCommand: Register = (program, run) => {
  program
    .command('command')
    .description('Look at commands')
    .command('get')
    .description('How far a command is')
    .argument('<id>')
    .action((id: string) =>
      run(async (context) => {
        const command = await context.api.command(id);
        print(context, commandListing(context.nowMs()), [command], command);
        return EXIT.ok;
      }),
    );
};
