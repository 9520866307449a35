import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';
import { BrambleError } from '../../proto/contract/errors.js';
import { Secret } from '../../proto/contract/secret.js';

const SECRET_CHARACTERS_MAX = 1_024;

/** @throws BrambleError `failed-precondition` */
export function readSecretFile(path: string): Secret {
  try {
    return new Secret(readFileSync(path, 'utf8').trim().slice(0, SECRET_CHARACTERS_MAX));
  } catch (cause) {
    throw new BrambleError('failed-precondition', `cannot read ${path}: ${String(cause)}`, {
      hint: 'name a file that holds the token and nothing else, readable by you alone',
      cause,
    });
  }
}

/**
 * On a terminal the line is not shown; from a pipe it is the next line. Never an argument: every user of a machine sees
 * those of every program.
 * @throws BrambleError `cancelled`, `invalid-argument` when nothing came
 */
export async function askSecret(question: string, signal: AbortSignal): Promise<Secret> {
  const line = process.stdin.isTTY ? await typedLine(question, signal) : await pipedLine(process.stdin, signal);
  if (line === undefined) {
    throw new BrambleError('invalid-argument', 'no password came from standard input', {
      hint: 'type it, or send it by a pipe; a command that asks for two wants two lines',
    });
  }
  return new Secret(line.slice(0, SECRET_CHARACTERS_MAX));
}

async function typedLine(question: string, signal: AbortSignal): Promise<string | undefined> {
  process.stderr.write(question);
  const lines = createInterface({ input: process.stdin, output: silent(), terminal: true });
  try {
    return await firstLine(lines, signal);
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

/** What comes after the line is left for the next question. Exported for its test. */
export function pipedLine(input: Readable, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0);
    const done = (settle: () => void): void => {
      input.off('readable', take).off('end', atEnd);
      signal.removeEventListener('abort', cancel);
      input.pause();
      settle();
    };
    const take = (): void => {
      for (let chunk: unknown = input.read(); chunk !== null; chunk = input.read()) {
        read = Buffer.concat([read, Buffer.from(String(chunk))]);
        const end = read.indexOf('\n');
        if (end < 0) continue;
        if (end + 1 < read.length) input.unshift(read.subarray(end + 1));
        done(() => resolve(read.subarray(0, end).toString().replace(/\r$/, '')));
        return;
      }
    };
    const atEnd = (): void => done(() => resolve(read.length === 0 ? undefined : read.toString()));
    const cancel = (): void => done(() => reject(new BrambleError('cancelled', 'interrupted')));
    signal.addEventListener('abort', cancel, { once: true });
    if (input.readableEnded) atEnd();
    else input.on('readable', take).once('end', atEnd);
  });
}

function firstLine(lines: ReturnType<typeof createInterface>, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      reject(new BrambleError('cancelled', 'interrupted'));
    };
    lines.once('line', resolve);
    lines.once('close', () => {
      resolve(undefined);
    });
    lines.once('SIGINT', cancel); // in a terminal that is read raw Ctrl-C is a key
    signal.addEventListener('abort', cancel, { once: true });
  });
}

/** Where the terminal's echo goes. */
function silent(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
