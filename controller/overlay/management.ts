import { connect, type Socket } from 'node:net';
import { BrambleError } from '../../proto/contract/errors.js';
import type { StrayPacket } from '../domain/overlay/tunnel-watch.js';
import type { LiveTunnel, OverlayProcess } from '../usecases/overlay/ports.js';

/**
 * A client of OpenVPN's management socket. One connection for each question: the process serves one at a time, and a
 * controller that died must not keep the next one out. Source: openvpn, doc/management-notes.txt.
 */

const ANSWER_MS_MAX = 3_000;
/** What a gateway that is full says of its clients, and no more. */
const ANSWER_BYTES_MAX = 1024 * 1024;
/** The process would wait for a person: it tells with HALT that coming back is of no use. */
const END_WORDS = 'HALT';
/** Between two looks; a client that floods the log is seen in its last lines as well. */
const LOG_LINES = 100;

export class ManagementSocket implements OverlayProcess {
  readonly #path: string;

  /** @param path of the Unix socket */
  constructor(path: string) {
    this.#path = path;
  }

  async tunnels(): Promise<readonly LiveTunnel[]> {
    return parseStatus(await this.#ask('status 3', (line) => line === 'END'));
  }

  async strays(): Promise<readonly StrayPacket[]> {
    return parseStrays(await this.#ask(`log ${LOG_LINES}`, (line) => line === 'END'));
  }

  async end(clientId: number): Promise<void> {
    await this.#ask(`client-kill ${clientId} ${END_WORDS}`, (line) => /^(SUCCESS|ERROR): /.test(line));
  }

  #ask(question: string, isLast: (line: string) => boolean): Promise<readonly string[]> {
    return new Promise((answer, fail) => {
      const socket = connect(this.#path);
      const give = (error: BrambleError | undefined, lines: readonly string[]): void => {
        socket.destroy();
        if (error === undefined) answer(lines);
        else fail(error);
      };
      socket.setTimeout(ANSWER_MS_MAX, () => {
        give(silent(this.#path), []);
      });
      socket.on('error', (cause) => {
        give(silent(this.#path, cause), []);
      });
      socket.on('connect', () => {
        socket.write(`${question}\n`);
      });
      readLines(socket, isLast, give, this.#path);
    });
  }
}

function readLines(
  socket: Socket,
  isLast: (line: string) => boolean,
  give: (error: BrambleError | undefined, lines: readonly string[]) => void,
  path: string,
): void {
  const lines: string[] = [];
  let text = '';
  let sizeBytes = 0;
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    sizeBytes += chunk.length;
    if (sizeBytes > ANSWER_BYTES_MAX) {
      give(new BrambleError('resource-exhausted', `what ${path} answers has no end`), []);
      return;
    }
    text += chunk;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const line = text.slice(0, end).trimEnd();
      text = text.slice(end + 1);
      if (line.startsWith('>')) continue; // what it tells unasked
      lines.push(line);
      if (isLast(line)) {
        give(undefined, lines);
        return;
      }
    }
  });
  socket.on('close', () => {
    give(silent(path), []);
  });
}

/** Columns of CLIENT_LIST, separated by tabs; times are seconds. */
export function parseStatus(lines: readonly string[]): readonly LiveTunnel[] {
  return lines.flatMap((line) => {
    const [kind, name, remote, , , received, sent, , connected, , clientId] = line.split('\t');
    if (kind !== 'CLIENT_LIST' || name === undefined || remote === undefined || name === 'UNDEF') return [];
    const numbers = [received, sent, connected, clientId].map(Number);
    if (numbers.some((number) => !Number.isSafeInteger(number))) return [];
    const [receivedBytes = 0, sentBytes = 0, connectedAtS = 0, id = 0] = numbers;
    return [{ clientId: id, name, remote, receivedBytes, sentBytes, connectedAtMs: connectedAtS * 1_000 }];
  });
}

const STRAY =
  /^(\d{1,12}),[^,]*,([^ /]+)\/\S+ MULTI: bad source address from client \[([0-9a-f:.]+)\], packet dropped$/;
/** Link-local, multicast and none at all: every link has them. */
const LINK_OWN = /^(?:fe[89ab][0-9a-f]:|ff|::$)/;

/** Lines of the log's history: seconds, flags and what it says. */
export function parseStrays(lines: readonly string[]): readonly StrayPacket[] {
  return lines.flatMap((line) => {
    const [, seconds, name = '', address = ''] = STRAY.exec(line) ?? [];
    return seconds === undefined || LINK_OWN.test(address) ? [] : [{ name, address, atMs: Number(seconds) * 1_000 }];
  });
}

function silent(path: string, cause?: unknown): BrambleError {
  return new BrambleError('unavailable', 'the gateway of the overlay does not answer', {
    cause,
    hint: `see whether its unit runs; its socket is ${path}`,
  });
}
