import type { Command } from 'commander';
import { parse } from 'yaml';
import type { PortChangeView, PortPreview, PortWish } from '../../../proto/contract/api/switch.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { parseSwitchPlan, renderSwitchPlan } from '../../../proto/contract/switch/parse-plan.js';
import { assertConfirmed } from '../confirm.js';
import { type CliContext, print } from '../context.js';
import { foretell } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { type FollowPortsOptions, followPorts } from '../follow-ports.js';
import { renderData } from '../output.js';
import { changeListing, knownBoards, PORT_LISTING, portRows } from '../ports-view.js';
import { resolveNode, severe } from '../resolve.js';
import { MINUTE_MS, withActionOptions } from './node-actions.js';
import { durationMs, type Register, type RunCommand } from './register.js';

const CONFIRM_WITHIN_MS = 120_000;
const FILE =
  'the plan as YAML or JSON, - is standard input; with a part "switches", the plans of several by their names';

/** `bramble switch ...`: what the ports of a switch are for. */
export const registerSwitch: Register = (program, run) => {
  const noun = program.command('switch').description('Ports of a switch, and changes of them');
  registerPorts(noun, run);
  registerPlan(noun, run);
  registerApply(noun, run);
  registerConfirm(noun, run);
  registerRollback(noun, run);
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
    .argument('[name|id]')
    .requiredOption('-f, --file <path>', FILE)
    .action((nameOrId: string | undefined, { file }: { readonly file: string }) =>
      run(async (context) => {
        const wishes = await readWishes(context, nameOrId, file);
        return showPreviews(context, await context.api.switches.preview(wishes));
      }),
    );
}

function showPreviews(context: CliContext, previews: readonly PortPreview[]): number {
  const { format } = context.screen;
  if (format === 'json' || format === 'yaml') context.out(`${renderData({ switches: previews }, format)}\n`);
  else context.out(`${previews.flatMap(previewLines).join('\n')}\n`);
  const isRefused = previews.some(({ findings }) => findings.some(({ severity }) => severity === 'error'));
  if (isRefused) return EXIT.refusedBySafetyGate;
  return previews.every(({ diff }) => diff.length === 0) ? EXIT.ok : EXIT.differences;
}

function previewLines({ name, revision, findings, effects, diff }: PortPreview): readonly string[] {
  const what = revision === 0 ? 'no plan was kept yet' : `compared with plan ${revision}`;
  return [
    `${name}: ${diff.length === 0 ? 'nothing changes' : what}`,
    ...findings.map(({ severity, message }) => `${severity}: ${message}`),
    ...effects.map((effect) => `${effect.name} (${effect.effect}): ${effect.what}`),
    ...diff,
  ];
}

interface ApplyOptions extends FollowPortsOptions {
  readonly file: string;
  readonly confirm?: string;
  readonly dryRun?: boolean;
  readonly reason: string;
  /** Milliseconds. */
  readonly within: number;
  readonly byHand: boolean;
}

function registerApply(noun: Command, run: RunCommand): void {
  const command = noun
    .command('apply')
    .description('Put plans in place, all or none; switches take them back by themselves unless they are seen again')
    .argument('[name|id]')
    .requiredOption('-f, --file <path>', FILE)
    .option('--within <duration>', 'how long the switches wait to be seen', durationMs, CONFIRM_WITHIN_MS)
    .option('--by-hand', 'keep it only after bramble switch confirm', false)
    .option('--confirm <names>', 'the name of the switch once more, or of all of them with commas');
  withActionOptions(command, 5 * MINUTE_MS).action((nameOrId: string | undefined, options: ApplyOptions) =>
    run(async (context) => {
      const switches = await readWishes(context, nameOrId, options.file);
      if (options.dryRun === true) return showPreviews(context, await context.api.switches.preview(switches));
      const nodes = await Promise.all(switches.map(({ nodeId }) => context.api.node(nodeId)));
      const names = nodes.map(({ name }) => name).join(',');
      const [first] = nodes;
      if (first === undefined) throw new BrambleError('invalid-argument', 'the file has no switch');
      const would = nodes.length === 1 ? 'change the ports of' : 'change, together, the ports of';
      assertConfirmed({ ...(nodes.length === 1 ? severe(first, would) : { would }), name: names }, options.confirm);
      const { reason, within: confirmWithinMs, byHand } = options;
      const change = await context.api.switches.begin({ switches: [...switches], reason, confirmWithinMs, byHand });
      return followPorts(context, change, 'kept', options);
    }),
  );
}

function registerConfirm(noun: Command, run: RunCommand): void {
  const command = noun
    .command('confirm')
    .description('Let a change stay that was applied by hand, once everybody sees the switches again')
    .argument('<change>', 'its id; `switch history` lists them');
  withActionOptions(command, 3 * MINUTE_MS).action(
    (id: string, options: FollowPortsOptions & { readonly dryRun?: boolean }) =>
      run(async (context) => {
        if (options.dryRun === true) return foretell(context, 'commands.issue', `let change ${id} of ports stay`);
        return followPorts(context, await context.api.switches.approve(id), 'kept', options);
      }),
  );
}

function registerRollback(noun: Command, run: RunCommand): void {
  const command = noun
    .command('rollback')
    .description('Take a change back: one on trial, one that was kept, or once more one that left a switch frozen')
    .argument('<change>', 'its id; `switch history` lists them');
  withActionOptions(command, 5 * MINUTE_MS).action(
    (id: string, options: FollowPortsOptions & { readonly dryRun?: boolean; readonly reason: string }) =>
      run(async (context) => {
        if (options.dryRun === true) return foretell(context, 'commands.issue', `take change ${id} of ports back`);
        const change = await context.api.switches.takeBack(id, options.reason);
        return followPorts(context, change, change.restores === '' ? 'taken-back' : 'kept', options);
      }),
  );
}

function registerHistory(noun: Command, run: RunCommand): void {
  noun
    .command('history')
    .description('Changes of ports and how they ended; with --plan, the plan of one of them')
    .argument('[name|id]')
    .option('--plan <change>', 'print the plan of that change, as apply reads it')
    .action((nameOrId: string | undefined, { plan }: { readonly plan?: string }) =>
      run(async (context) => {
        const node = nameOrId === undefined ? undefined : await resolveNode(context.api, nameOrId);
        if (plan !== undefined) {
          context.out(`${renderData(planOf(await context.api.switches.change(plan), node?.id), 'yaml')}\n`);
          return EXIT.ok;
        }
        const changes = await context.api.switches.changes(node?.id);
        const ports = node === undefined ? undefined : await context.api.switches.ports(node.id);
        print(context, changeListing(context.nowMs()), changes, { changes, ...(ports === undefined ? {} : { ports }) });
        const isForPeople = context.screen.format === 'table' || context.screen.format === 'wide';
        if (ports?.file === 'differs' && isForPeople) {
          context.out(`The file of ${ports.name} is not that of its newest plan: somebody changed it there.\n`);
        }
        return EXIT.ok;
      }),
    );
}

/** As `apply` reads it. @throws BrambleError `not-found` when the change is not of this switch */
function planOf({ id, switches }: PortChangeView, nodeId: string | undefined): unknown {
  const wanted = switches.filter((each) => nodeId === undefined || each.nodeId === nodeId);
  const [first] = wanted;
  if (first === undefined) throw new BrambleError('not-found', `change ${id} is not of this switch`);
  const value = (text: string): unknown => JSON.parse(text);
  if (wanted.length === 1) return value(first.plan);
  return { switches: Object.fromEntries(wanted.map(({ name, plan }) => [name, value(plan)])) };
}

/** What a file wants of which switches. @throws BrambleError `invalid-argument`, `not-found` */
async function readWishes(
  context: CliContext,
  nameOrId: string | undefined,
  path: string,
): Promise<readonly PortWish[]> {
  const value = parsed(await context.host.readText(path), path);
  const several = severalOf(value);
  if (several === undefined && nameOrId === undefined) {
    throw new BrambleError('invalid-argument', 'the file has the plan of one switch: name it');
  }
  if (several !== undefined && nameOrId !== undefined) {
    throw new BrambleError('invalid-argument', 'the file has plans of several switches by their names: name none');
  }
  const wishes: PortWish[] = [];
  for (const [name, plan] of several ?? [[nameOrId ?? '', value]]) {
    const { id: nodeId } = await resolveNode(context.api, name);
    wishes.push({ nodeId, plan: renderSwitchPlan(parseSwitchPlan(plan)) });
  }
  return wishes;
}

function severalOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (typeof value !== 'object' || value === null || !('switches' in value)) return undefined;
  const { switches } = value;
  return typeof switches === 'object' && switches !== null ? Object.entries(switches) : [];
}

function parsed(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new BrambleError('invalid-argument', `${path} is neither YAML nor JSON`, { cause });
  }
}
