import type { Command } from 'commander';
import type { BoardView, NodeBootView } from '../../../proto/contract/api/boot.js';
import type { NodeView } from '../../../proto/contract/api/fleet.js';
import { visible } from '../../../proto/contract/visible.js';
import { renderDuration } from '../../../proto/contract/words.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../errors.js';
import { ago } from '../listings.js';
import { type Listing, renderData, renderListing } from '../output.js';
import { resolveNode } from '../resolve.js';
import type { RunCommand } from './register.js';

/** Stages come every few seconds: often enough to see each as it is reached. */
const EVERY_MS = 1_000;

/** The first stage is the beginning: it took nothing. Fileservers tell the others to the second. */
const tookText = ({ tookMs }: NodeBootView['steps'][number]): string => (tookMs === 0 ? '' : renderDuration(tookMs));

const STEP_LISTING: Listing<NodeBootView['steps'][number]> = {
  columns: [
    { title: 'STAGE', text: ({ stage }) => stage },
    { title: 'TOOK', text: tookText },
    { title: 'AT', text: ({ atMs }) => `${new Date(atMs).toISOString().slice(11, 19)}Z` },
    { title: 'WHAT', text: ({ words }) => words },
  ],
  name: ({ stage }) => `stage/${stage}`,
  empty: 'No stage was seen.',
};

export function boardListing(nowMs: number): Listing<BoardView> {
  return {
    columns: [
      { title: 'SERIAL', text: ({ serial }) => serial },
      { title: 'MAC', text: ({ mac }) => mac },
      {
        title: 'NODE',
        text: ({ nodeName }) => nodeName ?? '',
        tone: ({ nodeName }) => (nodeName === undefined ? 'bad' : 'plain'),
      },
      { title: 'SITE', text: ({ site }) => site },
      { title: 'FILESERVER', text: ({ fileserverName }) => fileserverName },
      { title: 'VLAN', text: ({ interfaceName }) => interfaceName },
      { title: 'ADDRESS', text: ({ address }) => address, wide: true },
      { title: 'SEEN', text: ({ seenAtMs }) => ago(seenAtMs, nowMs) },
      { title: 'STAGE', text: ({ stage }) => stage ?? '' },
      {
        title: 'HANGS',
        text: ({ hang }) => hang?.what ?? '',
        tone: ({ hang }) => (hang === undefined ? 'plain' : 'bad'),
      },
    ],
    name: ({ serial, mac, address }) => `board/${serial || mac || address}`,
    empty: 'No fileserver has seen a board boot.',
  };
}

export function registerNodeBoot(node: Command, run: RunCommand): void {
  node
    .command('boot')
    .description('How the present boot of a node stands: stages with their times, where it hangs and what to do')
    .argument('<name|id>')
    .option('-w, --watch', 'stay, and show every stage as it is reached, until the node is verified')
    .action((nameOrId: string, { watch }: { readonly watch?: boolean }) =>
      run(async (context) => {
        const target = await resolveNode(context.api, nameOrId);
        const view = await context.api.nodeBoot(target.id);
        if (watch === true) return follow(context, target, view);
        const words = `${visible(target.name)}: ${visible(view.words, 1_000)}`;
        if (context.screen.format !== 'table') context.out(`${rendered(context, view)}\n`);
        else context.out(view.steps.length === 0 ? `${words}\n` : `${words}\n${rendered(context, view)}\n`);
        return exitOf(view);
      }),
    );
}

function rendered({ screen }: CliContext, view: NodeBootView): string {
  return renderListing(STEP_LISTING, view.steps, view, screen);
}

const exitOf = ({ state }: NodeBootView): number => (state === 'hangs' ? EXIT.failure : EXIT.ok);

/** One line for each stage and each trouble, once; a new boot begins anew. */
async function follow(context: CliContext, { id, name }: NodeView, first: NodeBootView): Promise<number> {
  let [view, startedAtMs, told] = [first, first.board?.startedAtMs, new Set<string>()];
  for (;;) {
    if (view.board?.startedAtMs !== startedAtMs) {
      startedAtMs = view.board?.startedAtMs;
      told = new Set();
      if (startedAtMs !== undefined) tell(context, `${visible(name)} starts anew`, { startedAtMs });
    }
    for (const step of view.steps) {
      if (told.has(step.stage)) continue;
      told.add(step.stage);
      tell(context, `${step.stage.padEnd(16)} ${tookText(step).padEnd(12)} ${step.words}`, step);
    }
    if (!told.has(view.state) && (view.state === 'hangs' || view.state === 'unknown')) {
      tell(context, visible(view.words, 1_000), { state: view.state, words: view.words });
      told.add(view.state);
    }
    if (view.steps.some(({ stage }) => stage === 'verified')) {
      tell(context, visible(view.words, 1_000), { state: view.state, words: view.words });
      return EXIT.ok;
    }
    await context.host.sleep(EVERY_MS, context.signal);
    view = await context.api.nodeBoot(id);
  }
}

function tell({ screen, out }: CliContext, line: string, data: unknown): void {
  if (screen.format === 'json') out(`${renderData(data, 'json').replaceAll(/\n\s*/g, '')}\n`);
  else if (screen.format === 'yaml') out(`---\n${renderData(data, 'yaml')}\n`);
  else out(`${line}\n`);
}
