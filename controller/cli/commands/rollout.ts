import type { Command } from 'commander';
import { parse } from 'yaml';
import type { RolloutAsk, RolloutBecome, RolloutView } from '../../../proto/contract/api/rollout.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { assertConfirmed } from '../confirm.js';
import type { CliContext } from '../context.js';
import { type DryRunOption, withDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { pickImage } from '../images/local-store.js';
import { ago } from '../listings.js';
import { type Listing, renderListing } from '../output.js';
import { DEFAULT_REASON, durationMs, type Register, type RunCommand, wholeNumber } from './register.js';

interface StartOptions extends DryRunOption {
  readonly image?: string;
  readonly config?: string;
  readonly selector: string;
  readonly site?: string;
  readonly reason: string;
  readonly confirm?: string;
  readonly canaries?: number;
  readonly waves?: string;
  readonly soak?: number;
  readonly silence?: number;
  readonly parallel?: number;
  readonly window?: readonly string[];
}

/** `bramble rollout ...`: an image or a node config for many nodes, in waves. */
export const registerRollout: Register = (program, run) => {
  const rollout = program.command('rollout').description('An image or a node config for many nodes, in waves');
  registerStart(rollout, run);
  registerStatus(rollout, run);
  registerBecome(rollout, run, 'pause', 'paused', 'Begin with nobody else; who is under way comes to an end');
  registerBecome(rollout, run, 'resume', 'running', 'Go on');
  registerBecome(rollout, run, 'abort', 'aborted', 'End it where it is; whoever has it keeps it');
};

function registerStart(rollout: Command, run: RunCommand): void {
  withDryRun(rollout.command('start').description('Begin one: a canary first, then waves; a wave that fails goes back'))
    .argument('<name>', 'what it is to be called')
    .option('--image <name>', 'its name, or the first digits of its digest')
    .option('--config <file>', 'parts of a node config as YAML; - is standard input')
    .option('-l, --selector <labels>', 'such as rack=3; all Pis when not given', '')
    .option('--site <site>', 'of this site only')
    .option('--canaries <count>', 'nodes of the first wave', wholeNumber)
    .option('--waves <percents>', 'such as 10,50,100: who has it by the end of each wave')
    .option('--soak <duration>', 'how long a wave is watched before the next', durationMs)
    .option('--silence <duration>', 'of whom nothing is heard for so long has failed', durationMs)
    .option('--parallel <count>', 'at most so many at once', wholeNumber)
    .option('--window <times...>', 'only then, UTC: "22:00-04:00" or "sat,sun 08:00-18:00"')
    .option('--reason <text>', 'kept with it', DEFAULT_REASON)
    .option('--confirm <name>', 'its name, once more')
    .action((name: string, options: StartOptions) =>
      run(async (context) => {
        const ask = await askOf(context, name, options);
        const tried = await context.api.healing.rollouts.start({ ...ask, dryRun: true });
        if (options.dryRun === true) return show(context, tried);
        assertConfirmed({ name, would: `change ${tried.nodes.length} nodes by` }, options.confirm);
        return show(context, await context.api.healing.rollouts.start(ask));
      }),
    );
}

async function askOf(context: CliContext, name: string, options: StartOptions): Promise<RolloutAsk> {
  const {
    image: named,
    config: file,
    selector,
    site,
    reason,
    canaries,
    waves,
    soak,
    silence,
    parallel,
    window,
  } = options;
  const image =
    named === undefined ? undefined : pickImage(await context.api.images.list(), named, 'on the controller').image;
  const config = file === undefined ? undefined : yamlOf(await context.host.readText(file), file);
  return {
    ...{ name, selector, reason },
    ...(image !== undefined && { image }),
    ...(config !== undefined && { config }),
    ...(site !== undefined && { site }),
    ...(canaries !== undefined && { canaries }),
    ...(waves !== undefined && { waves: waves.split(',').map(shareOf) }),
    ...(soak !== undefined && { soakMs: soak }),
    ...(silence !== undefined && { silenceMs: silence }),
    ...(parallel !== undefined && { parallel }),
    ...(window !== undefined && { windows: window.map(windowOf) }),
  };
}

function yamlOf(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new BrambleError('invalid-argument', `${visible(file, 200)} is not YAML`, { cause });
  }
}

function shareOf(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 100) return Number(text) / 100;
  throw new BrambleError('invalid-argument', `${JSON.stringify(text.slice(0, 20))} is not a percentage`);
}

const DAYS: readonly string[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** "sat,sun 08:00-18:00" */
function windowOf(text: string): NonNullable<RolloutAsk['windows']>[number] {
  const match = /^(?:([a-z,]+) )?([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  const names = match?.[1]?.split(',') ?? [...DAYS];
  const days = names.map((name) => DAYS.indexOf(name));
  if (match === null || days.includes(-1)) {
    throw new BrambleError('invalid-argument', `not a window: ${JSON.stringify(text.slice(0, 40))}`, {
      hint: 'such as "22:00-04:00" or "sat,sun 08:00-18:00", UTC',
    });
  }
  const [, , fromHour, fromMinute, toHour, toMinute] = match.map(Number);
  const at = (hour = 0, minute = 0): number => hour * 60 + minute;
  return { fromMinute: at(fromHour, fromMinute), toMinute: at(toHour, toMinute), days };
}

function registerStatus(rollout: Command, run: RunCommand): void {
  rollout
    .command('status')
    .description('How far one is, node by node; without a name: all of them')
    .argument('[name]')
    .action((name: string | undefined) =>
      run(async (context) => {
        const all = await context.api.healing.rollouts.list();
        if (name !== undefined) return show(context, named(all, name));
        context.out(`${renderListing(listing(context.nowMs()), all, { rollouts: all }, context.screen)}\n`);
        return EXIT.ok;
      }),
    );
}

function registerBecome(
  rollout: Command,
  run: RunCommand,
  verb: string,
  state: RolloutBecome['state'],
  description: string,
): void {
  withDryRun(rollout.command(verb).description(description))
    .argument('<name>')
    .option('--reason <text>', 'kept with it', DEFAULT_REASON)
    .action((name: string, { reason, dryRun }: DryRunOption & { readonly reason: string }) =>
      run(async (context) => {
        const found = named(await context.api.healing.rollouts.list(), name);
        return show(
          context,
          dryRun === true ? found : await context.api.healing.rollouts.become(found.id, { state, reason }),
        );
      }),
    );
}

/** The newest of this name. */
function named(all: readonly RolloutView[], name: string): RolloutView {
  const found = all.find((each) => each.name === name || each.id === name);
  if (found !== undefined) return found;
  throw new BrambleError('not-found', `no rollout is called ${visible(name, 63)}`, { hint: 'bramble rollout status' });
}

type NodeOf = RolloutView['nodes'][number];

const NODE_LISTING: Listing<NodeOf> = {
  columns: [
    { title: 'NODE', text: ({ name }) => name },
    { title: 'WAVE', text: ({ wave }) => String(wave + 1) },
    { title: 'STATE', text: ({ state }) => state, tone: ({ state }) => (state === 'failed' ? 'bad' : 'plain') },
    { title: 'WHAT', text: ({ detail }) => detail },
  ],
  name: ({ name }) => `node/${name}`,
  empty: 'It has no nodes.',
};

function listing(nowMs: number): Listing<RolloutView> {
  const count = ({ nodes }: RolloutView, state: NodeOf['state']): number =>
    nodes.filter((node) => node.state === state).length;
  return {
    columns: [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'WHAT', text: ({ what }) => what.slice(0, 24) },
      { title: 'STATE', text: ({ state }) => state },
      { title: 'WAVE', text: ({ wave }) => String(wave + 1) },
      { title: 'DONE', text: (view) => `${count(view, 'succeeded')}/${view.nodes.length}` },
      { title: 'FAILED', text: (view) => String(count(view, 'failed')) },
      { title: 'SINCE', text: ({ startedAtMs }) => ago(startedAtMs, nowMs) },
      { title: 'WHY', text: ({ why }) => why, wide: true },
    ],
    name: ({ name }) => `rollout/${name}`,
    empty: 'There was no rollout yet.',
  };
}

function show(context: CliContext, view: RolloutView): number {
  if (context.screen.format === 'table') {
    const tried = view.id === '' ? ' would begin; nothing was changed' : ` ${view.state}, wave ${view.wave + 1}`;
    context.out(`${view.name}:${tried}${view.why === '' ? '' : ` (${view.why})`}\n`);
  }
  context.out(`${renderListing(NODE_LISTING, view.nodes, view, context.screen)}\n`);
  return EXIT.ok;
}
