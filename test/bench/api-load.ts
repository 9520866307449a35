import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

/** Reads of one kind, one after the other. */
interface Reads {
  /** Each request, ms. */
  readonly requestMs: readonly number[];
  /** Each whole list: all of its requests, ms. */
  readonly wholeMs: readonly number[];
  readonly bytes: number;
  readonly nodes: number;
}

/** Events later than this are lost. */
const PATIENCE_MS = 30_000;

/**
 * The clients of the API's benchmark, in a process of their own. Obeys lines on standard input: `token TOKEN`, `list LIMIT TIMES`,
 * `again TIMES` (with the ETag of the list), `follow READERS`, `slow READERS`, `expect FIRST LAST`.
 */
export async function runApiLoad(port: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  let headers: Record<string, string> = {};
  const readers: EventReader[] = [];
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb = '', first = '0', second = '0'] = line.split(' ');
    if (verb === 'list') say(await listTimes({ port, agent, headers }, Number(first), Number(second)));
    else if (verb === 'token') headers = { authorization: `Bearer ${first}` };
    else if (verb === 'again') say({ requestMs: await listAgain({ port, agent, headers }, Number(first)) });
    else if (verb === 'follow') {
      for (let n = 0; n < Number(first); n++) readers.push(await EventReader.open(port, headers));
      for (const reader of readers) await reader.live;
      say({ live: readers.length });
    } else if (verb === 'slow') {
      for (let n = 0; n < Number(first); n++) (await EventReader.open(port, headers)).stopReading();
      say({ slow: Number(first) });
    } else if (verb === 'expect') {
      const endsAtMs = performance.now() + PATIENCE_MS;
      while (readers.some(({ lastId }) => lastId < Number(second)) && performance.now() < endsAtMs) await wait(20);
      say({ lost: readers.reduce((sum, reader) => sum + reader.lost(Number(first), Number(second)), 0) });
    }
  }
}

interface Target {
  readonly port: number;
  readonly agent: Agent;
  readonly headers: Record<string, string>;
}

async function listTimes(target: Target, limit: number, times: number): Promise<Reads> {
  const requestMs: number[] = [];
  const wholeMs: number[] = [];
  let [bytes, nodes] = [0, 0];
  for (let time = 0; time < times; time++) {
    const startMs = performance.now();
    [bytes, nodes] = [0, 0];
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const sentMs = performance.now();
      const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await get(target, `/api/v1/nodes?limit=${limit}${more}`, {});
      requestMs.push(performance.now() - sentMs);
      const page = JSON.parse(body.toString()) as { nodes: unknown[]; nextCursor?: string }; // our own server
      bytes += body.length;
      nodes += page.nodes.length;
      cursor = page.nextCursor;
    }
    wholeMs.push(performance.now() - startMs);
  }
  return { requestMs, wholeMs, bytes, nodes };
}

/** Polls of a client that has the list already. */
async function listAgain(target: Target, times: number): Promise<readonly number[]> {
  const path = '/api/v1/nodes?limit=10000';
  const first = await get(target, path, {});
  const known = { 'if-none-match': String(first.headers.etag) };
  const requestMs: number[] = [];
  for (let time = 0; time < times; time++) {
    const sentMs = performance.now();
    await get(target, path, known);
    requestMs.push(performance.now() - sentMs);
  }
  return requestMs;
}

function get(
  { port, agent, headers }: Target,
  path: string,
  more: Record<string, string>,
): Promise<{ readonly body: Buffer; readonly headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, agent, headers: { ...headers, ...more } }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const status = incoming.statusCode ?? 0;
        if (status === 200 || status === 304) resolve({ body: Buffer.concat(chunks), headers: incoming.headers });
        else reject(new Error(`status ${status}: ${Buffer.concat(chunks).toString().slice(0, 200)}`));
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** Counts events by their ids: cheap enough that fifty of these in one process are not what is measured. */
class EventReader {
  lastId = 0;
  #firstId = 0;
  /** Ids that were left out between the first and the last. */
  #missing = 0;
  readonly live: Promise<void>;
  readonly #incoming: IncomingMessage;
  #rest = '';

  private constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
    incoming.setEncoding('latin1');
    incoming.on('error', () => undefined); // cut, as slow ones are
    this.live = new Promise((resolve) => {
      incoming.on('data', (chunk: string) => {
        this.#take(chunk);
        if (chunk.includes('event: live')) resolve();
      });
    });
  }

  static open(port: number, headers: Record<string, string>): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      const path = '/api/v1/events/stream?only=events';
      const outgoing = request({ host: '127.0.0.1', port, path, agent: false, headers }, (incoming) => {
        if (incoming.statusCode === 200) resolve(new EventReader(incoming));
        else reject(new Error(`the stream was refused with ${incoming.statusCode}`));
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  /** How many of these ids did not come; one that came twice counts too. */
  lost(first: number, last: number): number {
    return this.#missing + Math.max(0, this.#firstId - first) + Math.max(0, last - this.lastId);
  }

  stopReading(): void {
    this.#incoming.pause();
  }

  #take(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('id: ')) continue;
      const id = Number(line.slice(4));
      if (this.#firstId === 0) this.#firstId = id;
      else this.#missing += Math.abs(id - this.lastId - 1);
      this.lastId = id;
    }
  }
}

function say(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
