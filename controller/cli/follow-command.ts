import type { CommandView, NodeView } from '../../proto/contract/api/fleet.js';
import { visible } from '../../proto/contract/visible.js';
import { renderDuration } from '../../proto/contract/words.js';
import { type CliContext, print } from './context.js';
import { type DryRunOption, tryOut } from './dry-run.js';
import { EXIT } from './errors.js';
import { actionText, commandListing, outcomeText, progressText } from './listings.js';
import { Progress } from './progress.js';

/** Fast at first, because most commands take less than a second, then gentle. */
const POLL_MS = [100, 200, 500, 1_000] as const;

/** `unknown` is not among them: it is settled by a later word of the node. */
const FINAL = {
  succeeded: EXIT.ok,
  failed: EXIT.failure,
  rejected: EXIT.refusedBySafetyGate,
  lapsed: EXIT.timeout,
} as const satisfies Partial<Record<CommandView['state'], number>>;

export interface FollowOptions extends DryRunOption {
  readonly reason: string;
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

/** A command as it was last seen, and the exit code that it means. */
export interface Followed {
  readonly command: CommandView;
  readonly exitCode: number;
}

/** Issues a command and, unless told not to wait, stays until its outcome is known or the time is over. */
export async function issueAndFollow(
  context: CliContext,
  node: NodeView,
  action: CommandView['action'],
  options: FollowOptions,
): Promise<number> {
  if (options.dryRun === true) return tryCommand(context, node, action, options);
  return (await issue(context, node, action, options)).exitCode;
}

/** Whether the controller would take the order; what the node makes of it only the node knows. */
export function tryCommand(
  context: CliContext,
  node: NodeView,
  action: CommandView['action'],
  { reason, timeout }: FollowOptions,
): Promise<number> {
  const create = { action, reason, validForMs: validFor(timeout) };
  const operation = { op: 'issue-command', node: node.id, create } as const;
  return tryOut(context, operation, `order ${node.name} to ${actionText(action)}`);
}

/** The same, for whoever goes on with what the command has brought. */
export async function issue(
  context: CliContext,
  node: NodeView,
  action: CommandView['action'],
  { reason, wait, timeout }: FollowOptions,
): Promise<Followed> {
  const { api, host, signal } = context;
  let command = await api.issueCommand(node.id, { action, reason, validForMs: validFor(timeout) });
  const startedMs = host.clock.monotonicMs();
  const progress = new Progress(host);
  try {
    for (let poll = 0; wait && finalExit(command) === undefined; poll++) {
      const waitedMs = host.clock.monotonicMs() - startedMs;
      if (waitedMs >= timeout) break;
      const limits = `${renderDuration(waitedMs)} of at most ${renderDuration(timeout)}`;
      const far = progressText(command.progress);
      progress.say(`${node.name}: ${actionText(action)} ${command.state}, ${far === '' ? '' : `${far}, `}${limits}`);
      await host.sleep(POLL_MS[Math.min(poll, POLL_MS.length - 1)] ?? 1_000, signal);
      command = await api.command(command.id);
    }
  } finally {
    progress.end();
  }
  report(context, node, command, wait);
  return { command, exitCode: wait ? (finalExit(command) ?? EXIT.timeout) : EXIT.ok };
}

/** Nobody waits longer than this, so the command must not start later than that either. */
function validFor(timeoutMs: number): number {
  return Math.min(86_400_000, Math.max(1_000, timeoutMs));
}

/** What it came to; `undefined` while that is open. */
export function finalExit(command: CommandView): number | undefined {
  const exits: Partial<Record<CommandView['state'], number>> = FINAL;
  return exits[command.state];
}

function report(context: CliContext, node: NodeView, command: CommandView, waited: boolean): void {
  const { format } = context.screen;
  if (format !== 'table') {
    print(context, commandListing(context.nowMs()), [command], command);
    return;
  }
  const what = `${visible(node.name)}: ${visible(actionText(command.action))}`;
  const why = outcomeText(command);
  context.out(`${what} ${command.state}${why === '' ? '' : ` (${visible(why)})`}\n`);
  const isSettled = finalExit(command) !== undefined;
  if (!isSettled)
    context.out(`${waited ? 'Not settled in time' : 'Not waited for'}: bramble command get ${command.id}\n`);
}
