import { connectLines } from './lines.js';

export interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly limitMs?: number | undefined;
  readonly withoutRoot?: boolean;
}

// A guest of a busy machine takes long to answer; one that never will is found by whoever gave a limit of their own.
const LIMIT_MS = 120_000;
let askedCount = 0;

/**
 * Runs a script inside of a guest, beside all of its networks. `withoutRoot`: from the memory of a Pi, whose root may be gone.
 * @throws Error when the guest does not answer in time: it is off, hangs, or is still starting
 */
export async function runInGuest(socketPath: string, script: string, options: RunOptions = {}): Promise<Outcome> {
  const { limitMs = LIMIT_MS, withoutRoot = false } = options;
  askedCount += 1;
  const id = `${process.pid}-${askedCount}${withoutRoot ? '!' : ''}`;
  const socket = await connectLines(socketPath, limitMs);
  try {
    socket.write(`${id} ${Buffer.from(script).toString('base64')}`);
    for (;;) {
      const line = await socket.lines.next();
      if (line.done === true) throw new Error(`${socketPath}: no answer within ${limitMs} ms to: ${script}`);
      const [of, status, out = '', err = ''] = line.value.split(' ');
      if (of !== id) continue; // the answer to somebody who has gone
      return { status: Number(status), out: decode(out), err: decode(err) };
    }
  } finally {
    socket.close();
  }
}

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');
