import type { Command } from 'commander';
import { visible } from '../../../proto/contract/visible.js';
import { assertConfirmed } from '../confirm.js';
import { print } from '../context.js';
import { type DryRunOption, tryOut, withDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { issueAndFollow } from '../follow-command.js';
import { nodeListing } from '../listings.js';
import { resolveNode, severe } from '../resolve.js';
import { registerMaintenance } from './maintenance.js';
import { type ActionOptions, MINUTE_MS, registerActions, withActionOptions } from './node-actions.js';
import { registerNodeBoot } from './node-boot.js';
import { registerNodeConfig } from './node-config.js';
import { registerProvisioning } from './node-provisioning.js';
import { registerNodeSettings } from './node-settings.js';
import type { Register, RunCommand } from './register.js';

interface RebootOptions extends ActionOptions {
  readonly confirm?: string;
  readonly despite?: readonly string[];
}

interface ReasonOptions extends DryRunOption {
  readonly reason: string;
}

export const registerNode: Register = (program, run) => {
  const node = program.command('node').description('Act on one node');
  registerReboot(node, run);
  registerRestartUnit(node, run);
  registerActions(node, run);
  registerNodeBoot(node, run);
  registerRevoke(node, run);
  registerThaw(node, run);
  registerNodeConfig(node, run);
  registerNodeSettings(node, run);
  registerMaintenance(node, run, 'node');
  registerRepaired(node, run);
  registerProvisioning(node, run);
};

function registerRepaired(node: Command, run: RunCommand): void {
  node
    .command('repaired')
    .description('Say that somebody has repaired a node: healing begins anew with it')
    .argument('<name|id>')
    .action((nameOrId: string) =>
      run(async (context) => {
        const target = await resolveNode(context.api, nameOrId);
        await context.api.healing.repaired(target.id);
        context.out(`${visible(target.name)} is looked at again.\n`);
        return EXIT.ok;
      }),
    );
}

function registerReboot(node: Command, run: RunCommand): void {
  const command = node.command('reboot').description('Reboot a node in an orderly way').argument('<name|id>');
  withActionOptions(command, 5 * MINUTE_MS)
    .option('--confirm <name>', 'the name of the node, once more')
    .option('--despite <array...>', 'of a fileserver: every RAID array that is not whole, by its name')
    .action((nameOrId: string, options: RebootOptions) =>
      run(async (context) => {
        const target = await resolveNode(context.api, nameOrId);
        if (options.dryRun !== true) assertConfirmed(severe(target, 'reboot'), options.confirm);
        const despite = options.despite && { despiteArrays: [...options.despite] };
        return issueAndFollow(context, target, { kind: 'reboot', ...despite }, options);
      }),
    );
}

function registerRestartUnit(node: Command, run: RunCommand): void {
  const command = node
    .command('restart-unit')
    .description('Restart a systemd unit that the node’s own configuration allows')
    .argument('<name|id>')
    .argument('<unit>');
  withActionOptions(command, MINUTE_MS).action((nameOrId: string, unit: string, options: ActionOptions) =>
    run(async (context) => {
      const target = await resolveNode(context.api, nameOrId);
      return issueAndFollow(context, target, { kind: 'restart-unit', unit }, options);
    }),
  );
}

function registerRevoke(node: Command, run: RunCommand): void {
  const command = node.command('revoke').description('Shut a node out for good: its stream is cut within a second');
  withDryRun(command)
    .argument('<name|id>')
    .requiredOption('--reason <text>', 'kept with the decision')
    .option('--confirm <name>', 'the name of the node, once more')
    .action((nameOrId: string, { reason, confirm, dryRun }: ReasonOptions & { readonly confirm?: string }) =>
      run(async (context) => {
        const target = await resolveNode(context.api, nameOrId);
        if (dryRun === true) {
          return tryOut(context, { op: 'revoke-node', node: target.id, reason }, `shut out ${target.name}`);
        }
        assertConfirmed(severe(target, 'shut out'), confirm);
        const view = await context.api.revoke(target.id, reason);
        print(context, nodeListing(context.nowMs()), [view], view);
        return EXIT.ok;
      }),
    );
}

function registerThaw(node: Command, run: RunCommand): void {
  const command = node
    .command('thaw')
    .description('Let a frozen node in again, once it is settled which board is the true one');
  withDryRun(command)
    .argument('<name|id>')
    .requiredOption('--reason <text>', 'kept with the decision')
    .action((nameOrId: string, { reason, dryRun }: ReasonOptions) =>
      run(async (context) => {
        const target = await resolveNode(context.api, nameOrId);
        if (dryRun === true) {
          return tryOut(context, { op: 'thaw-node', node: target.id, reason }, `let ${target.name} in again`);
        }
        const view = await context.api.thaw(target.id, reason);
        print(context, nodeListing(context.nowMs()), [view], view);
        return EXIT.ok;
      }),
    );
}
