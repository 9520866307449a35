import type { Command } from 'commander';
import { parse } from 'yaml';
import type { NodeView } from '../../../proto/contract/api/fleet.js';
import type { NodeConfigView } from '../../../proto/contract/api/node-config.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { NodeConfig } from '../../../proto/contract/node-config/config.js';
import { diffNodeConfigs } from '../../../proto/contract/node-config/diff.js';
import { parseNodeConfig } from '../../../proto/contract/node-config/parse.js';
import { visible } from '../../../proto/contract/visible.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../errors.js';
import { followConfig } from '../follow-config.js';
import { configListing } from '../listings.js';
import { renderData, renderListing } from '../output.js';
import { resolveNode } from '../resolve.js';
import { DEFAULT_REASON, durationMs, type RunCommand, wholeNumber } from './register.js';

interface ChangeOptions {
  readonly reason: string;
  readonly dryRun?: boolean;
  readonly wait: boolean;
  readonly timeout: number;
}

/** A change is on trial for minutes when the controller is not heard from afterwards. */
const FOLLOW_MS = 7 * 60_000;

/** `bramble node config ...`: what a node should be of its own configuration. */
export function registerNodeConfig(node: Command, run: RunCommand): void {
  const config = node
    .command('config')
    .description('What a node should be: hostname, keys, time servers, settings, units');
  registerGet(config, run);
  registerDiff(config, run);
  registerSet(config, run);
  registerHistory(config, run);
  registerRollback(config, run);
}

function registerGet(config: Command, run: RunCommand): void {
  config
    .command('get')
    .description('The config that counts, in the form that set and diff read')
    .argument('<name|id>')
    .action((nameOrId: string) =>
      run(async (context) => {
        const { id } = await resolveNode(context.api, nameOrId);
        const view = await context.api.nodeConfig(id);
        const { format } = context.screen;
        if (format === 'json' || format === 'yaml') context.out(`${renderData(view, format)}\n`);
        else context.out(`# revision ${view.revision}${by(view)}\n${renderData(view.config, 'yaml')}\n`);
        return EXIT.ok;
      }),
    );
}

function registerDiff(config: Command, run: RunCommand): void {
  config
    .command('diff')
    .description('What a file would change; exit code 9 when it would')
    .argument('<name|id>')
    .requiredOption('-f, --file <path>', 'the wanted config as YAML or JSON; - is standard input')
    .action((nameOrId: string, { file }: { readonly file: string }) =>
      run(async (context) => {
        const { id } = await resolveNode(context.api, nameOrId);
        const [view, wanted] = [await context.api.nodeConfig(id), await readConfig(context, file)];
        const changes = diffNodeConfigs(view.config, wanted);
        tell(context, { revision: view.revision, changes }, renderChanges(changes));
        return changes.length === 0 ? EXIT.ok : EXIT.differences;
      }),
    );
}

function registerSet(config: Command, run: RunCommand): void {
  const command = config
    .command('set')
    .description('Make a file the config of a node; it is taken back when it cuts the node off')
    .argument('<name|id>')
    .requiredOption('-f, --file <path>', 'the wanted config as YAML or JSON; - is standard input');
  withChangeOptions(command).action((nameOrId: string, options: ChangeOptions & { readonly file: string }) =>
    run(async (context) => {
      const node = await resolveNode(context.api, nameOrId);
      const view = await context.api.nodeConfig(node.id);
      const wanted = await readConfig(context, options.file);
      return change(context, { node, view, wanted, options }, () =>
        context.api.setNodeConfig(node.id, {
          config: wanted,
          expectedRevision: view.revision,
          reason: options.reason,
        }),
      );
    }),
  );
}

function registerHistory(config: Command, run: RunCommand): void {
  config
    .command('history')
    .description('Who changed the config of a node, when and why')
    .argument('<name|id>')
    .action((nameOrId: string) =>
      run(async (context) => {
        const { id } = await resolveNode(context.api, nameOrId);
        const revisions = await context.api.nodeConfigHistory(id);
        context.out(`${renderListing(configListing(revisions), revisions, { revisions }, context.screen)}\n`);
        return EXIT.ok;
      }),
    );
}

function registerRollback(config: Command, run: RunCommand): void {
  const command = config
    .command('rollback')
    .description('Make a former revision count again, as a new one')
    .argument('<name|id>')
    .option('--to <revision>', 'the one before the newest when not given', wholeNumber);
  withChangeOptions(command).action((nameOrId: string, options: ChangeOptions & { readonly to?: number }) =>
    run(async (context) => {
      const node = await resolveNode(context.api, nameOrId);
      const view = await context.api.nodeConfig(node.id);
      const toRevision = options.to ?? view.previousRevision;
      const former = (await context.api.nodeConfigHistory(node.id)).find(({ revision }) => revision === toRevision);
      if (former === undefined) {
        throw new BrambleError('not-found', `${visible(node.name)} has no config revision ${toRevision}`, {
          hint: 'bramble node config history lists them',
        });
      }
      return change(context, { node, view, wanted: former.config, options }, () =>
        context.api.rollbackNodeConfig(node.id, {
          toRevision,
          expectedRevision: view.revision,
          reason: options.reason,
        }),
      );
    }),
  );
}

interface Change {
  readonly node: NodeView;
  readonly view: NodeConfigView;
  readonly wanted: NodeConfig;
  readonly options: ChangeOptions;
}

/** Says what changes, changes it unless that was all that was asked for, and follows it to its end. */
async function change(
  context: CliContext,
  { node, view, wanted, options }: Change,
  make: () => Promise<NodeConfigView>,
): Promise<number> {
  const changes = diffNodeConfigs(view.config, wanted);
  const isForPeople = context.screen.format === 'table' || context.screen.format === 'wide';
  if (isForPeople) context.out(`${renderChanges(changes)}\n`);
  if (options.dryRun === true) {
    if (!isForPeople) tell(context, { revision: view.revision, changes }, '');
    return EXIT.ok;
  }
  // The same again is a way to have a revision tried once more that was refused or taken back.
  if (changes.length === 0 && view.revision > 0 && node.desiredTry === undefined) return EXIT.ok;
  const made = await make();
  if (!isForPeople) tell(context, made, `node/${visible(node.name)}`);
  return options.wait ? followConfig(context, node, made.revision, options.timeout) : EXIT.ok;
}

async function readConfig({ host }: CliContext, path: string): Promise<NodeConfig> {
  const text = await host.readText(path);
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? visible(cause.message) : '';
    throw new BrambleError('invalid-argument', `${visible(path)} is neither YAML nor JSON: ${why}`, { cause });
  }
  return parseNodeConfig(value ?? {});
}

function renderChanges(changes: readonly string[]): string {
  if (changes.length === 0) return 'no difference';
  return changes.map((each) => visible(each, 400)).join('\n');
}

function by({ revision, actor, reason }: NodeConfigView): string {
  return revision === 0 ? ': nothing was ever configured' : ` by ${visible(actor)}: ${visible(reason)}`;
}

function tell({ screen, out }: CliContext, data: unknown, words: string): void {
  const { format } = screen;
  const text = format === 'json' || format === 'yaml' ? renderData(data, format) : words;
  if (text !== '') out(`${text}\n`);
}

function withChangeOptions(command: Command): Command {
  return command
    .option('--reason <text>', 'kept with the revision', DEFAULT_REASON)
    .option('--dry-run', 'only say what would change')
    .option('--no-wait', 'return as soon as the controller has taken it')
    .option('--timeout <duration>', 'wait at most so long, 7m when not given', durationMs, FOLLOW_MS);
}
