import { z } from 'zod';
import { EventView } from '../../proto/contract/api/fleet.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { EventWish } from './api-client.js';
import { type CliContext, print } from './context.js';
import { EXIT } from './errors.js';
import { EVENT_LISTING } from './listings.js';
import { renderData, renderJsonLine, renderListing } from './output.js';
import { parseEventStream } from './sse.js';

/** The controller cannot go on from where we were. */
const Reset = z.object({ afterId: z.number() });

/** Pause before a broken stream is opened again. */
const RECONNECT_MS = 2_000;

export interface TimelineOptions {
  readonly limit: number;
  readonly watch?: boolean;
}

/** The newest events that are wanted, oldest first; to be followed until interrupted, when that is wanted too. */
export async function showTimeline(
  context: CliContext,
  wish: EventWish,
  { limit, watch }: TimelineOptions,
): Promise<number> {
  const { api } = context;
  // Asked first: what happens while the list is read comes twice to us, not never, and is told apart by its id.
  const [newest] = watch === true ? await api.events({}, 1) : [];
  const events = (await api.events(wish, limit)).toReversed();
  if (watch !== true) {
    print(context, EVENT_LISTING, events, { events });
    return EXIT.ok;
  }
  for (const event of events) printLine(context, event);
  return follow(context, wish, Math.max(newest?.id ?? 0, events.at(-1)?.id ?? 0));
}

/** Never ends by itself: a broken stream is opened again where it ended, so that no event is left out. */
async function follow(context: CliContext, wish: EventWish, afterId: number): Promise<number> {
  const isWanted = makeFilter(context, wish);
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
        if (await isWanted(event)) printLine(context, event);
        cursor = event.id;
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

/** An event does not tell the site of its node, so that is asked once per node. */
function makeFilter({ api }: CliContext, wish: EventWish): (event: EventView) => Promise<boolean> {
  const siteOf = new Map<string, string>();
  return async ({ nodeId, reason }) => {
    if (wish.reasons !== undefined && !wish.reasons.includes(reason)) return false;
    if (wish.node !== undefined) return nodeId === wish.node;
    if (wish.site === undefined) return true;
    if (nodeId === undefined) return false;
    const site = siteOf.get(nodeId) ?? (await api.node(nodeId)).site;
    siteOf.set(nodeId, site);
    return site === wish.site;
  };
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
