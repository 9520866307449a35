import type { Command } from 'commander';
import { assertConfirmed } from '../confirm.js';
import { issueAndFollow } from '../follow-command.js';
import { resolveNode, severe } from '../resolve.js';
import { type ActionOptions, MINUTE_MS, withActionOptions } from './node-actions.js';
import { durationMs, type Register, type RunCommand } from './register.js';

interface PowerOptions extends ActionOptions {
  readonly confirm?: string;
  /** Milliseconds. */
  readonly off?: number;
  readonly lease: string;
}

/** As short as a Pi's supply allows. */
const OFF_MS = 15_000;

/** `bramble power ...`: power of a port, by its switch. */
export const registerPower: Register = (program, run) => {
  const power = program.command('power').description('Power of a port, by its switch');
  registerAction(power, run, 'on', 'Give a port power');
  registerAction(power, run, 'off', 'Take the power of a port away until it is given back');
  registerAction(
    power,
    run,
    'cycle',
    'Take the power of a port away for a moment; the switch sees to it that it comes back',
  );
};

function registerAction(power: Command, run: RunCommand, action: 'on' | 'off' | 'cycle', description: string): void {
  const command = power
    .command(action)
    .description(description)
    .argument('<switch>', 'its name or id')
    .argument('<port>', 'such as swp7')
    .option('--lease <id>', 'place in the queue of booting boards, where the switch asks for one', '');
  if (action !== 'on') command.option('--confirm <name>', 'the name of the port, once more');
  if (action === 'cycle') {
    command.option('--off <duration>', 'how long it stays without power, 15s or more', durationMs, OFF_MS);
  }
  withActionOptions(command, 4 * MINUTE_MS).action((nameOrId: string, port: string, options: PowerOptions) =>
    run(async (context) => {
      const target = await resolveNode(context.api, nameOrId);
      if (action !== 'on' && options.dryRun !== true) {
        assertConfirmed({ ...severe(target, `turn power ${action} at`), name: port }, options.confirm);
      }
      const offMs = action === 'cycle' ? (options.off ?? OFF_MS) : 0;
      const order = { kind: 'switch-power', port, action, offMs, bootLeaseId: options.lease } as const;
      return issueAndFollow(context, target, order, options);
    }),
  );
}
