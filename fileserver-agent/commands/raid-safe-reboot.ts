import type { ActionArguments, CommandHandler } from '../../agent/kit/command/handler.js';
import { findHindrances, judgeInterlock } from '../raid/interlock.js';

type Reboot = ActionArguments<'reboot'>;

/** A reboot that is refused while an array is not whole; looked at again at the last moment. */
export function guardReboot(reboot: CommandHandler<Reboot>): CommandHandler<Reboot> {
  const judge = ({ despiteArrays }: Reboot, { host, agent }: Parameters<CommandHandler<Reboot>['check']>[1]) =>
    judgeInterlock('a reboot', findHindrances(host.kernel, agent.samples()), despiteArrays);
  return {
    ...reboot,
    check: async (args, context, signal) => judge(args, context) ?? (await reboot.check(args, context, signal)),
    run: async (args, context, signal) => {
      const refusal = judge(args, context);
      if (refusal !== undefined) return { kind: 'failed', detail: `nothing was done: ${refusal.detail}` };
      return reboot.run(args, context, signal);
    },
  };
}
