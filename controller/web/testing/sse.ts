import { type ClientRequest, type IncomingMessage, request } from 'node:http';

export interface SseMessage {
  readonly id: number | undefined;
  readonly event: string;
  readonly data: unknown;
}

/** A reader of the event stream that can wait for a message, stop reading, or go away. */
export class SseReader {
  readonly messages: SseMessage[] = [];
  readonly comments: string[] = [];
  status = 0;
  ended = false;
  #incoming: IncomingMessage | undefined;
  #request: ClientRequest | undefined;
  #rest = '';
  #wake: () => void = () => undefined;

  open(port: number, path = '/api/v1/events/stream', headers: Record<string, string> = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#request = request({ host: '127.0.0.1', port, path, headers }, (incoming) => {
        this.#incoming = incoming;
        this.status = incoming.statusCode ?? 0;
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => {
          this.#take(chunk);
        });
        incoming.on('close', () => {
          this.ended = true;
          this.#wake();
        });
        incoming.on('error', () => undefined); // cut on purpose by some tests
        resolve();
      });
      this.#request.on('error', reject);
      this.#request.end();
    });
  }

  /** Resolves as soon as `done` holds, asked after every message and at the end. */
  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      if (this.ended) throw new Error(`the stream ended after ${this.messages.length} messages`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async untilEnded(): Promise<void> {
    while (!this.ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  eventIds(): readonly (number | undefined)[] {
    return this.messages.filter((message) => message.event === 'event').map((message) => message.id);
  }

  pause(): void {
    this.#incoming?.pause();
  }

  resume(): void {
    this.#incoming?.resume();
  }

  close(): void {
    this.#request?.destroy();
  }

  #take(chunk: string): void {
    const blocks = (this.#rest + chunk).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) this.#takeBlock(block);
    this.#wake();
  }

  #takeBlock(block: string): void {
    let id: number | undefined;
    let event = '';
    let data: unknown;
    for (const line of block.split('\n')) {
      if (line.startsWith(':')) this.comments.push(line);
      else if (line.startsWith('id: ')) id = Number(line.slice(4));
      else if (line.startsWith('event: ')) event = line.slice(7);
      else if (line.startsWith('data: ')) data = JSON.parse(line.slice(6));
    }
    if (event !== '') this.messages.push({ id, event, data });
  }
}
