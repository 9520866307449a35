import type { Command } from 'commander';
import { BrambleError } from '../../../proto/contract/errors.js';
import { raidArrays } from '../../../proto/contract/fileserver/raid.js';
import { visible } from '../../../proto/contract/visible.js';
import { assertConfirmed } from '../confirm.js';
import { print } from '../context.js';
import { EXIT } from '../errors.js';
import { issueAndFollow } from '../follow-command.js';
import { RAID_LISTING, renderRaidArray } from '../raid-view.js';
import { resolveNode, severe } from '../resolve.js';
import { type ActionOptions, MINUTE_MS, withActionOptions } from './node-actions.js';
import type { Register, RunCommand } from './register.js';

export const registerRaid: Register = (program, run) => {
  const raid = program.command('raid').description('RAID arrays of a fileserver');
  registerShow(raid, run);
  registerReplace(raid, run);
  registerScrub(raid, run);
};

function registerShow(raid: Command, run: RunCommand): void {
  raid
    .command('show')
    .description('Its arrays and their members, and what to do in which order when one is not whole')
    .argument('<name|id>')
    .action((nameOrId: string) =>
      run(async (context) => {
        const { id } = await resolveNode(context.api, nameOrId);
        const node = await context.api.node(id);
        const rows = raidArrays(node.facts).map((array) => ({ node: node.name, ...array }));
        print(context, RAID_LISTING, rows, { arrays: rows });
        if (context.screen.format !== 'table') return EXIT.ok;
        for (const row of rows) context.out(`\n${visibleLines(renderRaidArray(node.name, row))}\n`);
        return EXIT.ok;
      }),
    );
}

/** Names of arrays and members come from the node. */
function visibleLines(text: string): string {
  return text
    .split('\n')
    .map((line) => visible(line, 300))
    .join('\n');
}

function registerReplace(raid: Command, run: RunCommand): void {
  const command = raid
    .command('replace')
    .description('Put a block device in the place of a member; everything on the new one is lost')
    .argument('<name|id>')
    .argument('<array>', 'such as md0')
    .argument('<old>', 'the member that goes, such as sda3; - when its place is vacant')
    .argument('<new>', 'the block device that comes, such as sdc3')
    .option('--confirm <name>', 'the name of the node, once more');
  withActionOptions(command, 5 * MINUTE_MS).action(
    (
      nameOrId: string,
      array: string,
      old: string,
      newMember: string,
      options: ActionOptions & { readonly confirm?: string },
    ) =>
      run(async (context) => {
        const target = await resolveNode(context.api, nameOrId);
        if (options.dryRun !== true) assertConfirmed(severe(target, 'replace a RAID member of'), options.confirm);
        const oldMember = old === '-' ? '' : old;
        return issueAndFollow(context, target, { kind: 'raid-replace', array, oldMember, newMember }, options);
      }),
  );
}

function registerScrub(raid: Command, run: RunCommand): void {
  const command = raid
    .command('scrub')
    .description('Read all of an array and compare its members; refused while any array is not whole')
    .argument('<name|id>')
    .argument('<array>', 'such as md0')
    .argument('[what]', 'start or stop', 'start');
  withActionOptions(command, 2 * MINUTE_MS).action(
    (nameOrId: string, array: string, what: string, options: ActionOptions) =>
      run(async (context) => {
        if (what !== 'start' && what !== 'stop') {
          throw new BrambleError('invalid-argument', 'a scrub is started or stopped', { hint: 'say start or stop' });
        }
        const target = await resolveNode(context.api, nameOrId);
        return issueAndFollow(context, target, { kind: 'raid-scrub', array, action: what }, options);
      }),
  );
}
