import type { Readable, Writable } from 'node:stream';
import { BrambleError } from '../../../../proto/contract/errors.js';
import type { HelperConnection } from '../../helper/serve.js';

/** A caller that says nothing must not hold a root process. */
const READ_TIMEOUT_MS = 5_000;

/**
 * The connection that systemd passed as standard input and output.
 * @param stop aborts when this process is asked to end
 */
export function makeHelperConnection(input: Readable, output: Writable, stop: AbortSignal): HelperConnection {
  const left = new AbortController();
  const stopped = new AbortController();
  const callerLeft = (): void => {
    left.abort();
  };
  return {
    gone: AbortSignal.any([stop, left.signal]),
    stopped: stopped.signal,
    readLine: (limitBytes) =>
      new Promise((resolve, reject) => {
        const chunks: Buffer[] = [];
        let sizeBytes = 0;
        const finish = (settle: () => void): void => {
          clearTimeout(timer);
          input.removeAllListeners();
          for (const event of ['end', 'close', 'error'] as const) input.on(event, callerLeft);
          // Only so do we learn that it went away. Whatever comes besides is the wish to end it.
          input.on('data', () => {
            stopped.abort();
          });
          input.resume();
          settle();
        };
        const fail = (code: 'invalid-argument' | 'deadline-exceeded', why: string): void => {
          finish(() => {
            reject(new BrambleError(code, `helper request refused: ${why}`));
          });
        };
        const timer = setTimeout(() => {
          fail('deadline-exceeded', `nothing came within ${READ_TIMEOUT_MS} ms`);
        }, READ_TIMEOUT_MS);
        input.on('data', (chunk: Buffer) => {
          const end = chunk.indexOf(0x0a);
          const part = end < 0 ? chunk : chunk.subarray(0, end);
          chunks.push(part);
          sizeBytes += part.length;
          if (sizeBytes > limitBytes) {
            fail('invalid-argument', `the line is longer than ${limitBytes} bytes`);
          } else if (end >= 0) {
            finish(() => {
              resolve(Buffer.concat(chunks).toString('utf8'));
            });
          }
        });
        input.on('end', () => {
          fail('invalid-argument', 'the line has no end');
        });
        input.on('error', () => {
          fail('invalid-argument', 'the caller went away');
        });
      }),
    tell: (text) => {
      if (!left.signal.aborted) output.write(text);
    },
    answer: (text) =>
      new Promise((resolve) => {
        const close = (): void => {
          input.destroy();
          resolve();
        };
        output.on('error', close); // whether the caller still listens does not matter: what it asked for is done
        output.write(text, close);
      }),
  };
}
