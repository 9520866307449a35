import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { BrambleError } from '../../proto/contract/errors.js';
import type { Secret } from '../../proto/contract/secret.js';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The controller's clock, in whole seconds, ms since 1970-01-01 UTC; absent when it did not tell. */
  readonly dateMs?: number;
}

/** How the CLI reaches a controller; tests give their own. */
export interface Transport {
  /** @throws BrambleError `unavailable`, `permission-denied`, `deadline-exceeded`, `cancelled` */
  request(method: HttpMethod, path: string, body: unknown, signal: AbortSignal): Promise<Answer>;
  /** What is not text; of a refusal, its envelope. @throws as request() */
  download(path: string, signal: AbortSignal): Promise<{ readonly status: number; readonly content: Uint8Array }>;
  /** Text of an open-ended answer as it arrives; ends with the answer. */
  stream(path: string, signal: AbortSignal): AsyncIterable<string>;
}

/** Where a controller is: its administrator's socket, or the address of its page with an API token. */
export type Where =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'server'; readonly url: string; readonly token: Secret | undefined; readonly caPem?: string };

const ANSWER_MS_MAX = 30_000;
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

export class HttpTransport implements Transport {
  readonly #where: Where;
  readonly #actor: string;

  /** `actor`: login name that the controller records for changes. */
  constructor(where: Where, actor: string) {
    this.#where = where;
    this.#actor = actor;
  }

  async request(method: HttpMethod, path: string, body: unknown, signal: AbortSignal): Promise<Answer> {
    const limit = AbortSignal.timeout(ANSWER_MS_MAX);
    const incoming = await this.#send(method, path, body, AbortSignal.any([signal, limit]));
    let text = '';
    for await (const chunk of textOf(incoming)) {
      text += chunk;
      if (text.length > ANSWER_BYTES_MAX) throw new BrambleError('resource-exhausted', 'the answer is too long');
    }
    return { status: incoming.statusCode ?? 0, text, ...dateOf(incoming.headers.date) };
  }

  async download(
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly content: Uint8Array }> {
    const limit = AbortSignal.timeout(ANSWER_MS_MAX);
    const incoming = await this.#send('GET', path, undefined, AbortSignal.any([signal, limit]));
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    try {
      // Without an encoding an answer comes as buffers.
      for await (const chunk of incoming as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        sizeBytes += chunk.length;
        if (sizeBytes > ANSWER_BYTES_MAX) throw new BrambleError('resource-exhausted', 'the answer is too long');
      }
    } catch (cause) {
      if (cause instanceof BrambleError) throw cause;
      throw new BrambleError('unavailable', 'the connection to the controller broke', { cause });
    }
    return { status: incoming.statusCode ?? 0, content: Buffer.concat(chunks) };
  }

  async *stream(path: string, signal: AbortSignal): AsyncIterable<string> {
    const incoming = await this.#send('GET', path, undefined, signal);
    if (incoming.statusCode !== 200) {
      throw new BrambleError('unavailable', `the controller refused the stream with status ${incoming.statusCode}`);
    }
    yield* textOf(incoming);
  }

  #send(method: string, path: string, body: unknown, signal: AbortSignal): Promise<IncomingMessage> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers: Record<string, string> = text === undefined ? {} : { 'content-type': 'application/json' };
    if (this.#where.kind === 'socket') headers['x-bramble-actor'] = this.#actor;
    else if (this.#where.token !== undefined) headers['authorization'] = `Bearer ${this.#where.token.reveal()}`;
    const options: RequestOptions = { ...target(this.#where), method, path, headers, signal };
    return new Promise((resolve, reject) => {
      const outgoing = isSecure(this.#where) ? secureRequest(options, resolve) : request(options, resolve);
      outgoing.on('error', (cause) => {
        reject(this.#connectError(cause, signal));
      });
      outgoing.end(text);
    });
  }

  #connectError(cause: Error, signal: AbortSignal): BrambleError {
    const code = 'code' in cause ? cause.code : undefined;
    const at = this.#where.kind === 'socket' ? this.#where.path : this.#where.url;
    if (signal.aborted) {
      const timedOut = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
      if (!timedOut) return new BrambleError('cancelled', 'interrupted', { cause });
      return new BrambleError('deadline-exceeded', `${at} did not answer in time`, { cause });
    }
    if (code === 'EACCES' || code === 'EPERM') {
      return new BrambleError('permission-denied', `no permission to open ${at}`, {
        hint: 'run this as root or as the user of the controller',
        cause,
      });
    }
    if (isDistrust(code)) {
      return new BrambleError('unavailable', `the certificate of ${at} is not trusted: ${cause.message}`, {
        hint: 'name the authority that signed it with --ca FILE; bramble doctor tells more',
        cause,
      });
    }
    return new BrambleError('unavailable', `no controller answers at ${at}`, {
      hint: 'start it, or say where it is with --socket PATH or --server URL; bramble doctor tells more',
      cause,
    });
  }
}

function dateOf(header: string | undefined): { readonly dateMs?: number } {
  const dateMs = Date.parse(header ?? '');
  return Number.isNaN(dateMs) ? {} : { dateMs };
}

function target(where: Where): RequestOptions & { readonly ca?: string } {
  if (where.kind === 'socket') return { socketPath: where.path };
  const { hostname, port, protocol } = new URL(where.url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new BrambleError('invalid-argument', `--server ${where.url} is not an http:// or https:// address`);
  }
  const usual = protocol === 'https:' ? 443 : 80;
  const trusted = where.caPem === undefined ? {} : { ca: where.caPem };
  return { ...trusted, hostname: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usual : Number(port) };
}

/** OpenSSL's verdicts on a chain, and Node's own on its names. */
function isDistrust(code: unknown): boolean {
  return typeof code === 'string' && /CERT|SIGNATURE|ERR_TLS/.test(code);
}

function isSecure(where: Where): boolean {
  return where.kind === 'server' && where.url.startsWith('https:');
}

async function* textOf(incoming: IncomingMessage): AsyncIterable<string> {
  incoming.setEncoding('utf8');
  try {
    for await (const chunk of incoming) yield String(chunk);
  } catch (cause) {
    throw new BrambleError('unavailable', 'the connection to the controller broke', { cause });
  }
}
