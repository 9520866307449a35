import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { DEMO_BREAKS, type DemoAnswer, DemoOrder } from '../../proto/contract/api/demo.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { DEMO_SITE, demoPiName } from './demo-names.js';

const BODY_BYTES_MAX = 4_096;
const HTTP_BY_CODE: Readonly<Record<string, number>> = {
  'invalid-argument': 400,
  'not-found': 404,
  'failed-precondition': 409,
};

/** Boards that have no card, of every sixteen: their systems are on the fileserver, which sees whether they are read. */
const DISKLESS: ReadonlySet<number> = new Set([1, 6, 7, 12, 15]);
const ROSTER = 16;

interface BreaksOptions {
  readonly socketPath: string;
  /** Read by the programs of the site every other second. */
  readonly breaksFile: string;
  readonly pis: number;
  readonly fileserver: string;
  /** A bad image comes to a Pi, or to all that boot over the network, by the controller's own ways; and goes. */
  readonly badImage: {
    readonly bring: (node: string | undefined) => Promise<void>;
    readonly takeBack: () => Promise<void>;
  };
  /** Somebody has repaired it: healing begins anew. */
  readonly onMended: (names: readonly string[]) => Promise<void>;
}

interface Broken {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
}

/** The ear of the demo site: breaks what a visitor asks for, until somebody mends it. Only whoever runs it gets through. */
export class DemoBreaks {
  readonly #options: BreaksOptions;
  #broken: readonly Broken[] = [];
  #nextId = 1;
  #server: Server | undefined;

  constructor(options: BreaksOptions) {
    this.#options = options;
  }

  /** Nothing is broken at a start. The folder is its user's alone. */
  async start(): Promise<void> {
    await this.#write();
    const server = createServer((request, response) => {
      void this.#serve(request).then(({ status, text }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(text);
      });
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#options.socketPath, resolve);
    });
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  async #serve(request: IncomingMessage): Promise<{ readonly status: number; readonly text: string }> {
    try {
      return { status: 200, text: JSON.stringify(await this.#obey(parseOrder(await bodyOf(request)))) };
    } catch (thrown) {
      const { code, message, hint } = BrambleError.from(thrown);
      return { status: HTTP_BY_CODE[code] ?? 500, text: JSON.stringify({ code, message, hint }) };
    }
  }

  async #obey(order: DemoOrder): Promise<DemoAnswer> {
    if (order.kind === 'mend') return await this.#mend();
    const name = this.#nameFor(order.what, order.node);
    const { looks } = DEMO_BREAKS[order.what];
    const isBroken = this.#broken.some((each) => each.kind === order.what && each.name === name);
    if (order.what === 'bad-image') await this.#options.badImage.bring(order.node);
    // A Pi that hung was helped since, most likely: it hangs anew.
    if (!isBroken || order.what === 'hang') {
      const others = this.#broken.filter((each) => each.kind !== order.what || each.name !== name);
      this.#broken = [...others, { id: this.#nextId++, kind: order.what, name }];
      await this.#write();
    }
    return { said: `${name}: ${looks}` };
  }

  async #mend(): Promise<DemoAnswer> {
    if (this.#broken.some(({ kind }) => kind === 'bad-image')) await this.#options.badImage.takeBack();
    const names = [...new Set(this.#broken.map(({ name }) => name))];
    this.#broken = [];
    await this.#write();
    await this.#options.onMended(names);
    const said = names.length === 0 ? 'nothing was broken by anybody' : `mended: ${names.join(', ')}`;
    return { said };
  }

  /** @throws BrambleError `not-found`, `invalid-argument` for a node that cannot break that way */
  #nameFor(what: keyof typeof DEMO_BREAKS, node: string | undefined): string {
    const { fits } = DEMO_BREAKS[what];
    const { pis, fileserver } = this.#options;
    if (fits === 'site') return DEMO_SITE;
    if (fits === 'fileserver') return fileserver;
    const all = Array.from({ length: pis }, (_, index) => index);
    const fitting = all.filter((index) => fits === 'pi' || isDiskless(index) === (fits === 'diskless'));
    const names = fitting.map(demoPiName);
    const [first] = names;
    if (first === undefined) throw new BrambleError('not-found', 'the demo site has no Pi that can break that way');
    if (node === undefined) return first;
    if (names.includes(node)) return node;
    throw new BrambleError('invalid-argument', `${node} cannot break that way`, {
      hint: `these can: ${names.join(', ')}`,
    });
  }

  async #write(): Promise<void> {
    const lines = this.#broken.map(({ id, kind, name }) => `${id} ${kind} ${name}`);
    await writeFile(this.#options.breaksFile, `${JSON.stringify(lines)}\n`, { mode: 0o600 });
  }
}

export function isDiskless(index: number): boolean {
  return DISKLESS.has(index % ROSTER);
}

function parseOrder(text: string): DemoOrder {
  try {
    return DemoOrder.parse(JSON.parse(text));
  } catch (cause) {
    throw new BrambleError('invalid-argument', 'the demo site does not understand this', { cause });
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = Buffer.from(chunk as Uint8Array); // a request of node:http without an encoding yields bytes
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) throw new BrambleError('invalid-argument', 'too much at once');
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString('utf8');
}
