export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** One event may not be longer; a longer one is dropped, for whatever sends it is no controller. */
const BLOCK_CHARACTERS_MAX = 4 * 1024 * 1024;

/**
 * Cuts a text/event-stream into its events; comments and unknown fields are skipped.
 * Format: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export async function* parseEventStream(chunks: AsyncIterable<string>): AsyncIterable<ServerSentEvent> {
  let rest = '';
  for await (const chunk of chunks) {
    const blocks = (rest + chunk).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    if (rest.length > BLOCK_CHARACTERS_MAX) rest = '';
    for (const block of blocks) {
      const parsed = parseBlock(block);
      if (parsed !== undefined) yield parsed;
    }
  }
}

function parseBlock(block: string): ServerSentEvent | undefined {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const match = /^(event|data): ?(.*)$/s.exec(line);
    if (match?.[1] === 'event') event = match[2] ?? '';
    else if (match?.[1] === 'data') data.push(match[2] ?? '');
  }
  return data.length === 0 ? undefined : { event, data: data.join('\n') };
}
