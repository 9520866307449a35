import { z } from 'zod';
import { EventView } from '../../../proto/contract/api/fleet.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { type CliContext, print } from '../context.js';
import { EXIT } from '../errors.js';
import { EVENT_LISTING } from '../listings.js';
import { renderData, renderJsonLine, renderListing } from '../output.js';
import { resolveNode } from '../resolve.js';
import { parseEventStream } from '../sse.js';
import { type Register, wholeNumber } from './register.js';

/** The controller cannot go on from where we were. */
const Reset = z.object({ afterId: z.number() });

/** Pause before a broken stream is opened again. */
const RECONNECT_MS = 2_000;

interface EventOptions {
  readonly node?: string;
  readonly limit: number;
  readonly watch?: boolean;
}

export const registerEvents: Register = (program, run) => {
  program
    .command('events')
    .description('What happened, oldest first; -w goes on with what happens')
    .option('-n, --node <name|id>', 'of one node only')
    .option('-l, --limit <count>', 'so many of the newest, at most 1000', wholeNumber, 50)
    .option('-w, --watch', 'stay and print events as they happen, until interrupted')
    .action((options: EventOptions) =>
      run(async (context) => {
        const nodeId = options.node === undefined ? undefined : (await resolveNode(context.api, options.node)).id;
        const events = (await context.api.events(nodeId, options.limit)).toReversed();
        if (options.watch !== true) {
          print(context, EVENT_LISTING, events, { events });
          return EXIT.ok;
        }
        const [newest] = nodeId === undefined ? events.slice(-1) : await context.api.events(undefined, 1);
        for (const event of events) printLine(context, event);
        return watch(context, nodeId, newest?.id ?? 0);
      }),
    );
};

/** Never ends by itself: a broken stream is opened again where it ended, so that no event is left out. */
async function watch(context: CliContext, nodeId: string | undefined, afterId: number): Promise<number> {
  let cursor = afterId;
  for (;;) {
    try {
      for await (const { event: kind, data } of parseEventStream(context.api.eventStream(cursor))) {
        if (kind === 'reset') {
          cursor = Reset.parse(JSON.parse(data)).afterId;
          context.host.err('some events are no longer kept and were missed\n');
        }
        if (kind !== 'event') continue;
        const event = EventView.parse(JSON.parse(data));
        cursor = event.id;
        if (nodeId === undefined || event.nodeId === nodeId) printLine(context, event);
      }
    } catch (thrown) {
      const error = BrambleError.from(thrown);
      if (context.signal.aborted) return EXIT.interrupted;
      if (!error.retryable) throw error;
      context.host.err(`${error.message}; trying again\n`);
    }
    if (context.signal.aborted) return EXIT.interrupted;
    await context.host.sleep(RECONNECT_MS, context.signal);
  }
}

/** One event is one line (json: one document per line), so that a pipe can act on each as it comes. */
function printLine(context: CliContext, event: EventView): void {
  const { screen } = context;
  if (screen.format === 'json') {
    context.out(`${renderJsonLine(event)}\n`);
  } else if (screen.format === 'yaml') {
    context.out(`---\n${renderData(event, 'yaml')}\n`);
  } else {
    const lines = renderListing(EVENT_LISTING, [event], undefined, screen).split('\n');
    context.out(`${lines.at(-1) ?? ''}\n`);
  }
}
