import type { Command } from 'commander';
import type {
  ProvisioningAsk,
  ProvisioningStepView,
  ProvisioningView,
} from '../../../proto/contract/api/provisioning.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { renderDuration } from '../../../proto/contract/words.js';
import { assertConfirmed } from '../confirm.js';
import type { CliContext } from '../context.js';
import { type DryRunOption, withDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { pickImage } from '../images/local-store.js';
import { type Listing, renderData, renderListing } from '../output.js';
import { DEFAULT_REASON, type RunCommand } from './register.js';

const EVERY_MS = 1_000;
const GIB = 2 ** 30;

interface ProvisionOptions extends DryRunOption {
  readonly reason: string;
  readonly watch?: boolean;
  readonly confirm?: string;
  readonly image?: string;
  readonly data?: string;
  readonly freshData?: boolean;
  readonly spare?: string;
  readonly site?: string;
  readonly key?: readonly string[];
  readonly back?: boolean;
  readonly both?: boolean;
}

type Kind = ProvisioningAsk['kind'];

const WOULD: Readonly<Record<Kind, string>> = {
  provision: 'make',
  reimage: 'give a fresh root to',
  rollback: 'give back its root before to',
  release: 'wipe and give back',
  rescue: 'boot the rescue system on',
  relocate: 'move to a spare board',
};

/** Verbs that change what a node boots: each a row of steps that undoes itself when it does not come to a good end. */
export function registerProvisioning(node: Command, run: RunCommand): void {
  verb(node, run, 'provision', 'Make a node: board, port, addresses, root and power, in this order')
    .requiredOption('--image <name>', 'its name, or the first digits of its digest')
    .option('--site <site>', 'where; the first spare board there is taken')
    .option('--spare <serial>', 'the very board')
    .option('--data <gib>', 'size of its data volume', '10')
    .option('--key <line...>', 'public keys for root: "type base64 comment"');
  verb(node, run, 'reimage', 'Give a node a fresh root; it goes back to the one it had unless the new one is verified')
    .option('--image <name>', 'another than the one that it has')
    .option('--fresh-data', 'wipe its data volume too');
  verb(node, run, 'rollback', 'Give a node the root before the one that it has');
  verb(node, run, 'release', 'Wipe a node and give its board back: it waits as a spare');
  verb(node, run, 'rescue', 'Boot the rescue system on a node, which looks and changes nothing')
    .option('--back', 'out of it, to its own root')
    .option('--both', 'into it and out of it');
  verb(node, run, 'relocate', 'Move a node with its name, root and addresses to a spare board').option(
    '--spare <serial>',
    'the very board',
  );
  registerSteps(node, run);
  registerAbort(node, run);
}

function verb(node: Command, run: RunCommand, kind: Kind, description: string): Command {
  return withDryRun(node.command(kind).description(description).argument('<name>', 'as the topology calls it'))
    .option('--reason <text>', 'kept with it', DEFAULT_REASON)
    .option('--confirm <name>', 'the name of the node, once more')
    .option('-w, --watch', 'stay, and show every step with its time')
    .action((name: string, options: ProvisionOptions) =>
      run(async (context) => {
        const ask = await askOf(context, kind, name, options);
        const tried = await context.api.healing.provisioning.start({ ...ask, dryRun: true });
        if (options.dryRun === true) return show(context, tried);
        if (kind !== 'provision') {
          const also = ` (board ${tried.board}, site ${tried.site})`;
          assertConfirmed({ name, would: WOULD[kind], also }, options.confirm);
        }
        const begun = await context.api.healing.provisioning.start(ask);
        return options.watch === true ? follow(context, begun) : show(context, begun);
      }),
    );
}

async function askOf(
  context: CliContext,
  kind: Kind,
  node: string,
  options: ProvisionOptions,
): Promise<ProvisioningAsk> {
  const { reason, image: named, data, freshData, spare, site, key, back, both } = options;
  const image =
    named === undefined ? undefined : pickImage(await context.api.images.list(), named, 'on the controller').image;
  return {
    ...{ kind, node, reason },
    ...(image !== undefined && { image }),
    ...(data !== undefined && { dataBytes: gibibytes(data) }),
    ...(freshData === true && { freshData }),
    ...(spare !== undefined && { spare }),
    ...(site !== undefined && { site }),
    ...(key !== undefined && { authorizedKeys: [...key] }),
    ...(kind === 'rescue' && { rescue: back === true ? 'back' : both === true ? 'both' : 'there' }),
  };
}

function gibibytes(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text) * GIB;
  throw new BrambleError('invalid-argument', `${JSON.stringify(text.slice(0, 20))} is not a size in GiB`);
}

function registerSteps(node: Command, run: RunCommand): void {
  node
    .command('steps')
    .description('How far the newest change of what a node boots is, step by step')
    .argument('<name>')
    .option('-w, --watch', 'stay until its end')
    .action((name: string, { watch }: { readonly watch?: boolean }) =>
      run(async (context) => {
        const newest = await newestOf(context, name);
        return watch === true ? follow(context, newest) : show(context, newest);
      }),
    );
}

function registerAbort(node: Command, run: RunCommand): void {
  withDryRun(node.command('abort').description('Have everything as it was before a change that is under way'))
    .argument('<name>')
    .requiredOption('--reason <text>', 'kept with it')
    .action((name: string, { reason, dryRun }: DryRunOption & { readonly reason: string }) =>
      run(async (context) => {
        const newest = await newestOf(context, name);
        if (newest.state !== 'running') throw new BrambleError('failed-precondition', 'nothing is under way with it');
        return show(
          context,
          dryRun === true ? newest : await context.api.healing.provisioning.abort(newest.id, reason),
        );
      }),
    );
}

async function newestOf({ api }: CliContext, name: string): Promise<ProvisioningView> {
  const [newest] = await api.healing.provisioning.of(name, 1);
  if (newest !== undefined) return newest;
  throw new BrambleError('not-found', `nothing was ever under way with ${visible(name, 63)}`);
}

const tookText = ({ startedAtMs, endedAtMs }: ProvisioningStepView): string =>
  startedAtMs === undefined || endedAtMs === undefined ? '' : renderDuration(Math.max(0, endedAtMs - startedAtMs));

const STEP_LISTING: Listing<ProvisioningStepView> = {
  columns: [
    { title: 'STEP', text: ({ title }) => title },
    { title: 'STATE', text: ({ state }) => state, tone: ({ state }) => (state === 'failed' ? 'bad' : 'plain') },
    { title: 'TOOK', text: tookText },
    { title: 'WHAT', text: ({ detail }) => visible(detail, 200) },
  ],
  name: ({ name }) => `step/${name}`,
  empty: 'It has no steps.',
};

function show(context: CliContext, view: ProvisioningView): number {
  if (context.screen.format === 'table') context.out(`${sentence(view)}\n`);
  context.out(`${renderListing(STEP_LISTING, view.steps, view, context.screen)}\n`);
  return view.state === 'undone' ? EXIT.failure : EXIT.ok;
}

function sentence({ id, kind, node, state, direction, why }: ProvisioningView): string {
  const how = id === '' ? 'would be done; nothing was changed' : state === 'running' ? wayOf(direction) : state;
  return `${visible(node)}: ${kind} ${how}${why === '' ? '' : ` (${visible(why, 500)})`}`;
}

const wayOf = (direction: ProvisioningView['direction']): string =>
  direction === 'back' ? 'goes back' : 'is under way';

/** One line for every step that comes to an end, and for every reason to wait. */
async function follow(context: CliContext, first: ProvisioningView): Promise<number> {
  const told = new Set<string>();
  for (let view = first; ; view = await context.api.healing.provisioning.get(view.id)) {
    for (const step of view.steps) {
      const key = `${step.name} ${step.state} ${step.endedAtMs ?? 0}`;
      if (step.endedAtMs === undefined || told.has(key)) continue;
      told.add(key);
      const took = tookText(step).padEnd(10);
      tell(context, `${step.title.padEnd(44)} ${step.state.padEnd(7)} ${took} ${visible(step.detail, 200)}`, step);
    }
    if (view.why !== '' && !told.has(view.why)) {
      told.add(view.why);
      tell(context, sentence(view), { why: view.why });
    }
    if (view.state !== 'running') {
      tell(context, sentence(view), { state: view.state });
      return view.state === 'succeeded' ? EXIT.ok : EXIT.failure;
    }
    await context.host.sleep(EVERY_MS, context.signal);
  }
}

function tell({ screen, out }: CliContext, line: string, data: unknown): void {
  if (screen.format === 'json') out(`${renderData(data, 'json').replaceAll(/\n\s*/g, '')}\n`);
  else if (screen.format === 'yaml') out(`---\n${renderData(data, 'yaml')}\n`);
  else out(`${line.trimEnd()}\n`);
}
