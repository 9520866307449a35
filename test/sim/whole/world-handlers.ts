/** What agents do in the simulated world when they are ordered to: the hands of the real command handlers. */

import {
  type ActionArguments,
  type CommandHandler,
  type Handlers,
  PowerAction,
} from '../../../agent/kit/command/handler.js';
import { NOTHING_REPAIRED } from '../../../proto/contract/netboot/repair.js';

/** Done to the world by one order. */
export interface Hands {
  /** Told at the moment in which an order is begun, and once for each. */
  readonly begun: (commandId: string) => void;
  /** Puts the boot path of a board right. @returns whether anything had to be */
  readonly repairPath: (serial: string) => boolean;
  /** A board that runs looks into its mailbox. @returns whether it did */
  readonly mailbox: (serial: string) => boolean;
  /** Calls back when the port is as it was asked for; whatever becomes of the agent, the switch brings it there. */
  readonly power: (order: PowerOrder, done: () => void) => void;
}

export interface PowerOrder {
  readonly commandId: string;
  readonly port: string;
  readonly action: 'on' | 'off' | 'cycle';
  readonly offMs: number;
}

const REPAIR_MS = 5_000;
/** A timer of 30 s, and a restart. */
const MAILBOX_MS = 25_000;
const ACTIONS: ReadonlyMap<PowerAction, 'on' | 'off' | 'cycle'> = new Map([
  [PowerAction.ON, 'on' as const],
  [PowerAction.OFF, 'off' as const],
  [PowerAction.CYCLE, 'cycle' as const],
]);

export function fileserverHandlers(hands: Hands): Handlers {
  const bootPathRepair: CommandHandler<{ readonly serial: string }> = {
    requiresBootId: false,
    check: async () => undefined,
    before: async () => '',
    async run({ serial }, { host, commandId }, signal) {
      hands.begun(commandId);
      await host.clock.sleep(REPAIR_MS, signal);
      const isRepaired = hands.repairPath(serial);
      return { kind: 'succeeded', detail: isRepaired ? 'its directory was made anew' : NOTHING_REPAIRED };
    },
    // Looking again is repairing again: what a crash cut off is not known to have been done.
    observe: async () => ({ kind: 'failed', detail: 'it was cut off' }),
  };
  const rootMailbox: CommandHandler<ActionArguments<'rootMailbox'>> = {
    requiresBootId: false,
    isAside: true,
    check: async () => undefined,
    before: async () => '',
    async run({ serial }, { host, commandId }, signal) {
      hands.begun(commandId);
      await host.clock.sleep(MAILBOX_MS, signal);
      return hands.mailbox(serial)
        ? { kind: 'succeeded', detail: 'its agent was restarted' }
        : { kind: 'failed', detail: 'it did not look into its mailbox' };
    },
    observe: async () => ({ kind: 'failed', detail: 'it was cut off' }),
  };
  return { bootPathRepair, rootMailbox };
}

export function powerHandlers(hands: Hands): Handlers {
  return {
    switchPower: {
      requiresBootId: true,
      check: async ({ action }) =>
        ACTIONS.has(action)
          ? undefined
          : { kind: 'rejected', reason: 'unsupported', detail: 'an unknown way to switch power' },
      before: async () => '',
      async run({ port, action, offMs }, { host, commandId }, signal) {
        hands.begun(commandId);
        const order = { commandId, port, action: ACTIONS.get(action) ?? 'on', offMs } as const;
        await new Promise<void>((resolve) => hands.power(order, resolve));
        await host.clock.sleep(0, signal); // a process that has died meanwhile hears nothing of it
        return { kind: 'succeeded', detail: 'it has power' };
      },
      observe: async ({ port }) => ({ kind: 'unknown', detail: `look at ${port}` }),
    },
  };
}
