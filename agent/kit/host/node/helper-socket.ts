import { connect } from 'node:net';
import { BrambleError } from '../../../../proto/contract/errors.js';
import type { HelperCall } from '../../helper/client.js';
import { ANSWER_LIMIT_BYTES, parseProgress } from '../../helper/protocol.js';
import { errnoOf } from './errno.js';

/** Connects to the helper's Unix socket, once per call. */
export function makeHelperCall(socketPath: string): HelperCall {
  return (line, limits) =>
    new Promise((resolve, reject) => {
      const socket = connect({ path: socketPath });
      let answer = '';
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        limits.signal.removeEventListener('abort', onAbort);
        limits.stopped?.removeEventListener('abort', onStopped);
        socket.destroy();
        settle();
      };
      const fail = (error: BrambleError): void => {
        finish(() => {
          reject(error);
        });
      };
      const onAbort = (): void => {
        fail(new BrambleError('cancelled', 'the call to the helper was cancelled'));
      };
      const onStopped = (): void => {
        socket.write('stop\n');
      };
      const timer = setTimeout(() => {
        fail(new BrambleError('deadline-exceeded', `no answer from the helper within ${limits.timeoutMs} ms`));
      }, limits.timeoutMs);
      if (limits.signal.aborted) onAbort();
      else limits.signal.addEventListener('abort', onAbort, { once: true });
      socket.setEncoding('utf8');
      socket.on('connect', () => {
        socket.write(line);
        if (limits.stopped?.aborted === true) onStopped();
        else limits.stopped?.addEventListener('abort', onStopped, { once: true });
      });
      socket.on('data', (text: string) => {
        answer += text;
        for (let end = answer.indexOf('\n'); end >= 0; end = answer.indexOf('\n')) {
          const line = answer.slice(0, end);
          const progress = parseProgress(line);
          if (progress === undefined) {
            finish(() => {
              resolve(line);
            });
            return;
          }
          limits.tell?.(progress);
          answer = answer.slice(end + 1);
        }
        if (answer.length > ANSWER_LIMIT_BYTES) {
          fail(new BrambleError('data-loss', 'the helper answers without an end'));
        }
      });
      socket.on('error', (cause) => {
        fail(connectError(socketPath, cause));
      });
      socket.on('end', () => {
        fail(new BrambleError('unavailable', 'the helper closed the connection without an answer'));
      });
    });
}

const NOT_CONNECTED: readonly string[] = ['ENOENT', 'ECONNREFUSED', 'EACCES', 'ENOTSOCK'];

function connectError(socketPath: string, cause: Error): BrambleError {
  const errno = errnoOf(cause) ?? 'unknown error';
  // Of a connection that never came to be nothing was heard; one that broke may have been.
  const context = { delivered: !NOT_CONNECTED.includes(errno) };
  if (errno === 'EACCES') {
    const hint = 'the user that runs the agent must be in the group of the helper socket';
    return new BrambleError('permission-denied', `${socketPath}: ${errno}`, { cause, hint, context });
  }
  const hint = 'start the helper socket unit: systemctl enable --now bramble-agent-helper.socket';
  return new BrambleError('unavailable', `the helper cannot be reached at ${socketPath}: ${errno}`, {
    cause,
    hint,
    context,
  });
}
