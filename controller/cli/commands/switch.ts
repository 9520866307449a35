import type { Command } from 'commander';
import { parse } from 'yaml';
import type { CommandView, NodeView } from '../../../proto/contract/api/fleet.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { diffLines, type PortEffect, portEffects } from '../../../proto/contract/switch/change.js';
import { parseSwitchPlan, renderSwitchPlan } from '../../../proto/contract/switch/parse-plan.js';
import type { SwitchPlan } from '../../../proto/contract/switch/plan.js';
import { blockingFindings, type Finding, preflight } from '../../../proto/contract/switch/preflight.js';
import { renderInterfaces } from '../../../proto/contract/switch/render-interfaces.js';
import { visible } from '../../../proto/contract/visible.js';
import { assertConfirmed } from '../confirm.js';
import { type CliContext, print } from '../context.js';
import { EXIT } from '../errors.js';
import { issue, issueAndFollow, tryCommand } from '../follow-command.js';
import { commandListing } from '../listings.js';
import { renderData } from '../output.js';
import { knownBoards, PORT_LISTING, portRows } from '../ports-view.js';
import { resolveNode, severe } from '../resolve.js';
import { witnesses } from '../witnesses.js';
import { type ActionOptions, MINUTE_MS, withActionOptions } from './node-actions.js';
import { durationMs, type Register, type RunCommand } from './register.js';

const CONFIRM_WITHIN_MS = 120_000;
/** Between two looks at who sees the switch, ms. */
const LOOK_EVERY_MS = 3_000;

/** `bramble switch ...`: what the ports of a switch are for. */
export const registerSwitch: Register = (program, run) => {
  const noun = program.command('switch').description('Ports of a switch, and changes of them');
  registerPorts(noun, run);
  registerPlan(noun, run);
  registerApply(noun, run);
  registerChange(noun, run, 'confirm', 'switch-confirm', 'Let a change stay that is on trial');
  registerChange(noun, run, 'rollback', 'switch-roll-back', 'Take a change back that is on trial, or try again');
  registerHistory(noun, run);
};

function registerPorts(noun: Command, run: RunCommand): void {
  noun
    .command('ports')
    .description('Its ports in their order: what each is for, and who is on it')
    .argument('<name|id>')
    .action((nameOrId: string) =>
      run(async (context) => {
        const { id } = await resolveNode(context.api, nameOrId);
        const boards = await knownBoards(context.api, await context.api.nodes());
        const view = await context.api.node(id);
        const rows = portRows(view, boards);
        print(context, PORT_LISTING, rows, { ports: rows });
        return EXIT.ok;
      }),
    );
}

function registerPlan(noun: Command, run: RunCommand): void {
  noun
    .command('plan')
    .description('What a plan would change: findings, ports that flap, lines of the file; exit code 9 when it would')
    .argument('<name|id>')
    .requiredOption('-f, --file <path>', 'the plan as YAML or JSON; - is standard input')
    .action((nameOrId: string, { file }: { readonly file: string }) =>
      run(async (context) => {
        const node = await resolveNode(context.api, nameOrId);
        const [current, wanted] = [await lastKept(context, node), await readPlan(context, file)];
        const findings = preflight(wanted, current);
        const effects = current === undefined ? [] : portEffects(current, wanted);
        const diff = diffLines(current === undefined ? '' : renderInterfaces(current), renderInterfaces(wanted));
        const { format } = context.screen;
        if (format === 'json' || format === 'yaml') {
          context.out(`${renderData({ findings, effects, diff }, format)}\n`);
        } else context.out(`${[...findings.map(findingText), ...effects.map(effectText), ...diff].join('\n')}\n`);
        if (blockingFindings(findings).length > 0) return EXIT.refusedBySafetyGate;
        return diff.length === 0 ? EXIT.ok : EXIT.differences;
      }),
    );
}

const findingText = ({ severity, message }: Finding): string => `${severity}: ${message}`;
const effectText = ({ name, effect, what }: PortEffect): string => `${name} (${effect}): ${what}`;

interface ApplyOptions extends ActionOptions {
  readonly file: string;
  readonly confirm?: string;
  /** Milliseconds. */
  readonly within: number;
}

function registerApply(noun: Command, run: RunCommand): void {
  const command = noun
    .command('apply')
    .description('Put a plan in place; the switch takes it back by itself unless it is seen from outside again')
    .argument('<name|id>')
    .requiredOption('-f, --file <path>', 'the plan as YAML or JSON; - is standard input')
    .option('--within <duration>', 'how long the switch waits to be seen', durationMs, CONFIRM_WITHIN_MS)
    .option('--confirm <name>', 'the name of the switch, once more');
  withActionOptions(command, 5 * MINUTE_MS).action((nameOrId: string, options: ApplyOptions) =>
    run(async (context) => {
      const node = await resolveNode(context.api, nameOrId);
      const plan = await readPlan(context, options.file);
      const found = blockingFindings(preflight(plan, await lastKept(context, node)));
      if (found[0] !== undefined) throw new BrambleError('failed-precondition', found.map(findingText).join('; '));
      const action = { kind: 'switch-apply', plan: renderSwitchPlan(plan), confirmWithinMs: options.within } as const;
      if (options.dryRun === true) return tryCommand(context, node, action, options);
      assertConfirmed(severe(node, 'change the ports of'), options.confirm);
      const { command: applied, exitCode } = await issue(context, node, action, { ...options, wait: true });
      if (exitCode !== EXIT.ok) return exitCode;
      return confirmWhenSeen(context, node, applied, options);
    }),
  );
}

/**
 * Confirms once the switch has spoken to its controller again, and the fileservers of its site to theirs. Until then nothing is
 * said: the switch takes the change back by itself.
 */
async function confirmWhenSeen(
  context: CliContext,
  node: NodeView,
  applied: CommandView,
  options: ApplyOptions,
): Promise<number> {
  const { api, host, signal } = context;
  const endMs = host.clock.monotonicMs() + options.within;
  let why = '';
  while (host.clock.monotonicMs() < endMs) {
    const missing = witnesses(node, applied.updatedAtMs, await api.nodes());
    if (missing.length === 0) {
      const order = { kind: 'switch-confirm', changeId: applied.id } as const;
      return issueAndFollow(context, node, order, { ...options, dryRun: false });
    }
    why = missing.join('; ');
    await host.sleep(LOOK_EVERY_MS, signal);
  }
  throw new BrambleError('deadline-exceeded', `the change was not confirmed: ${visible(why, 300)}`, {
    hint: 'the switch has taken it back, or is about to',
  });
}

function registerChange(
  noun: Command,
  run: RunCommand,
  verb: string,
  kind: 'switch-confirm' | 'switch-roll-back',
  description: string,
): void {
  const command = noun
    .command(verb)
    .description(description)
    .argument('<name|id>')
    .argument('<change>', 'id of the command that made it; `switch history` lists them');
  withActionOptions(command, 3 * MINUTE_MS).action((nameOrId: string, changeId: string, options: ActionOptions) =>
    run(async (context) => {
      const target = await resolveNode(context.api, nameOrId);
      return issueAndFollow(context, target, { kind, changeId }, options);
    }),
  );
}

function registerHistory(noun: Command, run: RunCommand): void {
  noun
    .command('history')
    .description('Changes of its ports and its power; with --plan, the plan of one of them')
    .argument('<name|id>')
    .option('--plan <change>', 'print the plan of that change, as apply reads it')
    .action((nameOrId: string, { plan }: { readonly plan?: string }) =>
      run(async (context) => {
        const { id } = await resolveNode(context.api, nameOrId);
        const all = (await context.api.commands(id)).filter(({ action }) => action.kind.startsWith('switch-'));
        if (plan === undefined) {
          print(context, commandListing(context.nowMs()), all, { commands: all });
          return EXIT.ok;
        }
        const found = all.find((command) => command.id === plan);
        if (found?.action.kind !== 'switch-apply')
          throw new BrambleError('not-found', 'no change of its ports has this id');
        context.out(`${renderData(JSON.parse(found.action.plan), 'yaml')}\n`);
        return EXIT.ok;
      }),
    );
}

/** The plan that was confirmed last, as far as the controller remembers. */
async function lastKept({ api }: CliContext, { id }: NodeView): Promise<SwitchPlan | undefined> {
  const commands = await api.commands(id);
  const kept = new Set(
    commands.flatMap(({ action, state }) =>
      action.kind === 'switch-confirm' && state === 'succeeded' ? [action.changeId] : [],
    ),
  );
  const last = commands
    .filter((command) => kept.has(command.id))
    .toSorted((a, b) => a.updatedAtMs - b.updatedAtMs)
    .at(-1);
  return last?.action.kind === 'switch-apply' ? parseSwitchPlan(JSON.parse(last.action.plan)) : undefined;
}

async function readPlan(context: CliContext, path: string): Promise<SwitchPlan> {
  const text = await context.host.readText(path);
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new BrambleError('invalid-argument', `${path} is neither YAML nor JSON`, { cause });
  }
  return parseSwitchPlan(value);
}
