import type { Command } from 'commander';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { CliContext } from '../context.js';
import { resolveNode } from '../resolve.js';
import { showTimeline, type TimelineOptions } from '../timeline.js';
import { type Register, wholeNumber } from './register.js';

/** Events in which lines of a log came: the kernel's as far as a rule knows them, and what boards sent over the network. */
const LOG_REASONS = ['KernelLogMatched', 'Netconsole'] as const;

interface EventOptions extends TimelineOptions {
  readonly node?: string;
  readonly site?: string;
}

export const registerEvents: Register = (program, run) => {
  const events = program.command('events').description('What happened, oldest first; -w goes on with what happens');
  withTimelineOptions(events)
    .option('-n, --node <name|id>', 'of one node only')
    .action(({ node, site, ...options }: EventOptions) =>
      run(async (context) => showTimeline(context, await placeOf(context, node, site), options)),
    );

  const logs = program
    .command('logs')
    .description('Lines of nodes’ logs that the controller was told; `node diagnostics` fetches the whole log of one')
    .argument('[name|id]', 'of one node only');
  withTimelineOptions(logs).action((node: string | undefined, { site, ...options }: EventOptions) =>
    run(async (context) =>
      showTimeline(context, { ...(await placeOf(context, node, site)), reasons: LOG_REASONS }, options),
    ),
  );
};

function withTimelineOptions(command: Command): Command {
  return command
    .option('--site <site>', 'of the nodes of one site only')
    .option('-l, --limit <count>', 'so many of the newest, at most 1000', wholeNumber, 50)
    .option('-w, --watch', 'stay and print events as they happen, until interrupted');
}

/** @throws BrambleError `invalid-argument`, `not-found` */
async function placeOf({ api }: CliContext, node: string | undefined, site: string | undefined) {
  if (node !== undefined && site !== undefined) {
    throw new BrambleError('invalid-argument', 'a node and a site are two places', { hint: 'name one of them' });
  }
  if (node !== undefined) return { node: (await resolveNode(api, node)).id };
  return site === undefined ? {} : { site: (await api.site(site)).name };
}
