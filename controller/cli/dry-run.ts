import { type Command, Option } from 'commander';
import { BatchError, type BatchOperation } from '../../proto/contract/api/batch.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { visible } from '../../proto/contract/visible.js';
import type { CliContext } from './context.js';
import { EXIT, errorCodeOf } from './errors.js';
import { renderData } from './output.js';

export interface DryRunOption {
  readonly dryRun?: boolean;
}

/** For every verb that changes something which the controller can try and take back. */
export function withDryRun(command: Command): Command {
  return command.option('--dry-run', 'have the controller try it and take it back, and say what came of it');
}

/**
 * Has the controller try a change inside a transaction that it takes back: rights, names and states are judged as they are
 * now, and a refusal is the very refusal that the change itself would meet.
 * @throws BrambleError as the change would
 */
export async function tryOut(context: CliContext, operation: BatchOperation, what: string): Promise<number> {
  try {
    await context.api.tryOut([operation]);
  } catch (thrown) {
    throw refusalOf(thrown);
  }
  const { format } = context.screen;
  if (format === 'json' || format === 'yaml') context.out(`${renderData({ dryRun: true, operation }, format)}\n`);
  else context.out(`would ${visible(what, 500)}; nothing was changed\n`);
  return EXIT.ok;
}

/**
 * For changes of accounts, secrets and images, which are no part of a batch: finds out whether who asks has the right, and says
 * what would be done.
 * @throws BrambleError `unauthenticated`, `permission-denied`
 */
export async function foretell(context: CliContext, permission: Permission, what: string): Promise<number> {
  const { name, permissions } = await context.api.session();
  if (!permissions.includes(permission)) {
    throw new BrambleError('permission-denied', `${visible(name, 80)} may not do this: it takes ${permission}`, {
      hint: 'ask somebody with the role for it; SECURITY.md has the table of rights',
    });
  }
  const { format } = context.screen;
  if (format === 'json' || format === 'yaml') context.out(`${renderData({ dryRun: true, would: what }, format)}\n`);
  else context.out(`would ${visible(what, 500)}; nothing was changed\n`);
  return EXIT.ok;
}

type Permission = 'access.manage' | 'tokens.manage' | 'images.manage' | 'commands.issue';

/** For verbs that nothing can try: the option is there, and says why not. */
export function withoutDryRun(command: Command, why: string): Command {
  return command.addOption(new Option('--dry-run', `refused: ${why}`).hideHelp()).hook('preAction', () => {
    if (command.opts<DryRunOption>().dryRun === true) command.error(`error: there is no dry run of this: ${why}`);
  });
}

/** What the batch was refused for, without the words about batches. */
function refusalOf(thrown: unknown): unknown {
  if (!(thrown instanceof BrambleError)) return thrown;
  const errors: unknown = thrown.details?.['errors'];
  const first = BatchError.safeParse(Array.isArray(errors) ? errors[0] : undefined);
  if (!first.success) return thrown;
  const { code, message, hint } = first.data;
  const { requestId } = thrown.context;
  return new BrambleError(errorCodeOf(code), message, {
    cause: thrown,
    ...(hint === undefined ? {} : { hint }),
    ...(requestId === undefined ? {} : { context: { requestId } }),
  });
}
