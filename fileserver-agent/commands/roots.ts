import type { ActionArguments, ActionHost, CommandHandler, Outcome, Refusal } from '../../agent/kit/command/handler.js';
import type { BoardView, RootsOrder } from '../../agent/kit/roots/orders.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { isBoardSerial, isImageId } from '../../proto/contract/netboot/parse.js';
import { NO_ROOTS } from '../../proto/contract/netboot/prepared.js';
import { NOTHING_REPAIRED } from '../../proto/contract/netboot/repair.js';
import { BootLoops } from '../boot/boot-loops.js';
import { askRoots, askRootsInTurn } from '../roots/ask.js';

type Look = (board: BoardView | undefined) => Outcome;

/** An image of many gigabytes, on slow disks that cannot share blocks: as long as the helper may take. */
const LONG_MS = 44 * 60_000;

/** What of an action is its own. */
interface RootAction<Arguments> {
  /** It may take long, and can be ended meanwhile. */
  readonly isLong?: boolean;
  order(args: Arguments): RootsOrder & { readonly serial: string };
  /** Why it is not to be begun; `undefined` = it is. */
  hindrance(args: Arguments, board: BoardView | undefined): string | undefined;
  /** Settles one that was cut off; `before` is the newest generation then. */
  settle(args: Arguments, before: number): Look;
  /** The board is served something else from now on. */
  done?(serial: string): void;
}

/** Makes a new generation; it can be told afterwards by its number. */
export function makeRootPrepare(): CommandHandler<ActionArguments<'rootPrepare'>> {
  return makeHandler({
    isLong: true,
    order: ({ serial, image, dataBytes, freshData }) => ({ kind: 'prepare', serial, image, dataBytes, freshData }),
    hindrance: ({ image }) => (isImageId(image) ? undefined : 'that is no name of an image'),
    settle: (_, before) => (board) => {
      const newest = newestOf(board);
      return newest > before ? succeeded(`generation ${newest} is prepared`) : failed('nothing was prepared');
    },
  });
}

export function makeRootActivate(loops = new BootLoops()): CommandHandler<ActionArguments<'rootActivate'>> {
  return makeHandler({
    done: (serial) => {
      loops.forgive(serial);
    },
    order: ({ serial, generation }) => ({ kind: 'activate', serial, generation }),
    hindrance: ({ generation }, board) =>
      board?.generations.some((each) => each.generation === generation) === true
        ? undefined
        : `there is no complete generation ${generation}`,
    settle:
      ({ generation }) =>
      (board) =>
        board?.current === generation ? succeeded(`generation ${generation} is served`) : failed('it is not served'),
  });
}

export function makeRootRollBack(loops = new BootLoops()): CommandHandler<ActionArguments<'rootRollBack'>> {
  return makeHandler({
    done: (serial) => {
      loops.forgive(serial);
    },
    order: ({ serial, generation }) => ({ kind: 'roll-back', serial, generation }),
    hindrance: ({ generation }, board) => {
      if (board?.current !== generation)
        return `it is served generation ${board?.current ?? 'none'}, not ${generation}`;
      return board.previous === undefined ? 'it has no generation to go back to' : undefined;
    },
    settle:
      ({ generation }) =>
      (board) =>
        board?.previous === generation && board.current !== undefined
          ? succeeded(`generation ${board.current} is served again`)
          : failed('it was not taken back'),
  });
}

export function makeRootRemove(): CommandHandler<ActionArguments<'rootRemove'>> {
  return makeHandler({
    order: ({ serial, keepData }) => ({ kind: 'remove', serial, keepData }),
    hindrance: (_, board) => (board === undefined ? NO_ROOTS : undefined),
    settle: () => (board) =>
      newestOf(board) === 0 ? succeeded('its roots are gone') : failed('its roots are still there'),
  });
}

/**
 * Boot files, exports and what daemons serve of them say again what they should, and what the board is to mount is mounted here
 * once: nothing of it touches the board.
 */
export function makeBootPathRepair(): CommandHandler<ActionArguments<'bootPathRepair'>> {
  const repair = async (probe: string, context: ActionHost, signal: AbortSignal): Promise<Outcome> => {
    try {
      const { changes } = await askRootsInTurn(context.host, { kind: 'converge', probe }, signal);
      return succeeded(changes.length === 0 ? NOTHING_REPAIRED : changes.join('; '));
    } catch (error) {
      if (signal.aborted) throw error;
      return failed(withHint(error));
    }
  };
  return {
    requiresBootId: false,
    check: async ({ serial }) =>
      isBoardSerial(serial)
        ? undefined
        : { kind: 'rejected', reason: 'invalid-argument', detail: 'not the last eight digits of a serial number' },
    before: async () => '',
    run: ({ serial }, context, signal) => repair(serial, context, signal),
    observe: ({ serial }, _before, context, signal) => repair(serial, context, signal), // once more does no harm, and tells
  };
}

function makeHandler<Arguments extends { readonly serial: string }>(
  action: RootAction<Arguments>,
): CommandHandler<Arguments> {
  return {
    requiresBootId: false,
    ...(action.isLong === true && { canStop: true, runLimitMs: LONG_MS }),
    check: async (args, context, signal): Promise<Refusal | undefined> => {
      if (!isBoardSerial(args.serial)) {
        return { kind: 'rejected', reason: 'invalid-argument', detail: 'not the last eight digits of a serial number' };
      }
      const why = action.hindrance(args, await lookAt(args.serial, context, signal));
      return why === undefined
        ? undefined
        : { kind: 'rejected', reason: 'precondition', detail: `board ${args.serial}: ${why}` };
    },
    before: async ({ serial }, context, signal) => String(newestOf(await lookAt(serial, context, signal))),
    async run(args, context, signal) {
      try {
        const { changes } = await askRootsInTurn(context.host, action.order(args), signal, context);
        action.done?.(args.serial);
        return succeeded(changes.join('; '));
      } catch (error) {
        if (signal.aborted) throw error;
        return failed(withHint(error));
      }
    },
    observe: async (args, before, context, signal) => {
      // What the end of a process cut off is finished first: only then reality tells.
      await askRootsInTurn(context.host, { kind: 'converge' }, signal);
      return action.settle(args, Number(before))(await lookAt(args.serial, context, signal));
    },
  };
}

async function lookAt(serial: string, { host }: ActionHost, signal: AbortSignal): Promise<BoardView | undefined> {
  const { boards } = await askRoots(host.machine, { kind: 'look' }, signal);
  return boards.find((board) => board.serial === serial);
}

function newestOf(board: BoardView | undefined): number {
  return Math.max(0, ...(board?.generations ?? []).map(({ generation }) => generation));
}

function withHint(error: unknown): string {
  const { message, hint } = BrambleError.from(error);
  return hint === undefined ? message : `${message} (${hint})`;
}

const succeeded = (detail: string): Outcome => ({ kind: 'succeeded', detail });
const failed = (detail: string): Outcome => ({ kind: 'failed', detail });
