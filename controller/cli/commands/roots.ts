import type { Command } from 'commander';
import { BrambleError } from '../../../proto/contract/errors.js';
import { assertConfirmed } from '../confirm.js';
import { print } from '../context.js';
import { EXIT } from '../errors.js';
import { issueAndFollow } from '../follow-command.js';
import { pickImage } from '../images/local-store.js';
import { resolveNode, severe } from '../resolve.js';
import { type BoardRootsView, boardRoots, ROOTS_LISTING } from '../roots-view.js';
import { type ActionOptions, MINUTE_MS, withActionOptions } from './node-actions.js';
import type { Register, RunCommand } from './register.js';

type Confirmed = ActionOptions & { readonly confirm?: string };

const GIB = 2 ** 30;
const CONFIRM = ['--confirm <name>', 'the name of the fileserver, once more'] as const;

export const registerRoots: Register = (program, run) => {
  const roots = program.command('roots').description('Root filesystems of boards, on their fileserver');
  registerList(roots, run);
  registerKnownHosts(roots, run);
  registerPrepare(roots, run);
  registerActivate(roots, run);
  registerRollback(roots, run);
  registerRemove(roots, run);
};

function registerList(roots: Command, run: RunCommand): void {
  roots
    .command('list')
    .description('What each board is served, and what waits or was cut off')
    .argument('<name|id>')
    .action((nameOrId: string) =>
      run(async (context) => {
        const { id } = await resolveNode(context.api, nameOrId);
        const node = await context.api.node(id);
        const rows = boardRoots(node.facts).map((board) => ({ node: node.name, ...board }));
        print(context, ROOTS_LISTING, rows, { roots: rows });
        return EXIT.ok;
      }),
    );
}

function registerKnownHosts(roots: Command, run: RunCommand): void {
  roots
    .command('known-hosts')
    .description('Host keys of the boards that are served, as lines for known_hosts of ssh')
    .argument('<name|id>')
    .action((nameOrId: string) =>
      run(async (context) => {
        const { id } = await resolveNode(context.api, nameOrId);
        const node = await context.api.node(id);
        context.out(boardRoots(node.facts).map(knownHostsLines).join(''));
        return EXIT.ok;
      }),
    );
}

/** What a fileserver says is a key only when it looks like one: the lines are pasted into a file that ssh believes. */
function knownHostsLines({ hostname, hostKeys }: BoardRootsView): string {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(hostname)) return '';
  const keys = hostKeys.filter((key) => /^[a-z0-9-]{1,40} [A-Za-z0-9+/]{16,800}={0,2}$/.test(key));
  return keys.map((key) => `${hostname} ${key}\n`).join('');
}

function registerPrepare(roots: Command, run: RunCommand): void {
  const command = roots
    .command('prepare')
    .description('Make a new root for a board from an image, beside the one that it is served')
    .argument('<name|id>', 'the fileserver')
    .argument('<board>', 'last eight digits of its serial number')
    .argument('<image>', 'its name, or the first digits of its digest')
    .option('--data <gib>', 'size of its data volume when it has none yet', '10')
    .option('--fresh-data', 'wipe the data volume that it has');
  withActionOptions(command, 45 * MINUTE_MS).action(
    (
      nameOrId: string,
      serial: string,
      named: string,
      options: Confirmed & { readonly data: string; readonly freshData?: boolean },
    ) =>
      run(async (context) => {
        const target = await resolveNode(context.api, nameOrId);
        const dataBytes = wholeNumber(options.data, 'a size in GiB') * GIB;
        const freshData = options.freshData === true;
        const { image } = pickImage(await context.api.images.list(), named, 'on the controller');
        return issueAndFollow(context, target, { kind: 'root-prepare', serial, image, dataBytes, freshData }, options);
      }),
  );
}

function registerActivate(roots: Command, run: RunCommand): void {
  const command = roots
    .command('activate')
    .description('Serve a board another generation of its root; the board is off')
    .argument('<name|id>', 'the fileserver')
    .argument('<board>', 'last eight digits of its serial number')
    .argument('<generation>')
    .option(...CONFIRM);
  withActionOptions(command, 2 * MINUTE_MS).action(
    (nameOrId: string, serial: string, given: string, options: Confirmed) =>
      run(async (context) => {
        const target = await resolveNode(context.api, nameOrId);
        const generation = wholeNumber(given, 'the number of a generation');
        if (options.dryRun !== true) assertConfirmed(severe(target, 'change the root of a board of'), options.confirm);
        return issueAndFollow(context, target, { kind: 'root-activate', serial, generation }, options);
      }),
  );
}

function registerRollback(roots: Command, run: RunCommand): void {
  const command = roots
    .command('rollback')
    .description('Serve a board the generation before the one that it is served; the board is off')
    .argument('<name|id>', 'the fileserver')
    .argument('<board>', 'last eight digits of its serial number')
    .option(...CONFIRM);
  withActionOptions(command, 2 * MINUTE_MS).action((nameOrId: string, serial: string, options: Confirmed) =>
    run(async (context) => {
      const target = await resolveNode(context.api, nameOrId);
      const { facts } = await context.api.node(target.id);
      const board = boardRoots(facts).find((each) => each.serial === serial);
      if (board === undefined || board.previous === 0) {
        const hint = `bramble roots list ${target.name}`;
        throw new BrambleError('failed-precondition', `board ${serial} has no generation to go back to`, { hint });
      }
      if (options.dryRun !== true) assertConfirmed(severe(target, 'change the root of a board of'), options.confirm);
      return issueAndFollow(context, target, { kind: 'root-roll-back', serial, generation: board.generation }, options);
    }),
  );
}

function registerRemove(roots: Command, run: RunCommand): void {
  const command = roots
    .command('remove')
    .description('Serve a board nothing any more, and wipe its roots and the state of its agent')
    .argument('<name|id>', 'the fileserver')
    .argument('<board>', 'last eight digits of its serial number')
    .option('--wipe-data', 'its data volume too')
    .option(...CONFIRM);
  withActionOptions(command, 5 * MINUTE_MS).action(
    (nameOrId: string, serial: string, options: Confirmed & { readonly wipeData?: boolean }) =>
      run(async (context) => {
        const target = await resolveNode(context.api, nameOrId);
        if (options.dryRun !== true) assertConfirmed(severe(target, 'wipe the root of a board of'), options.confirm);
        const keepData = options.wipeData !== true;
        return issueAndFollow(context, target, { kind: 'root-remove', serial, keepData }, options);
      }),
  );
}

function wholeNumber(text: string, what: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new BrambleError('invalid-argument', `${JSON.stringify(text.slice(0, 20))} is not ${what}`);
}
