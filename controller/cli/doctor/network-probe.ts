import { lookup } from 'node:dns/promises';
import { statfs } from 'node:fs/promises';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { SeenCertificate } from './gathered.js';
import type { Probe } from './probe.js';

/** A person waits for it; who does not answer within this time is as good as not there. */
const TRY_MS_MAX = 4_000;

/** The real thing. */
export const NETWORK_PROBE: Probe = {
  async addressesOf(host) {
    try {
      const found = await lookup(host, { all: true });
      return found.map(({ address }) => address);
    } catch (cause) {
      throw new BrambleError('unavailable', messageOf(cause), { cause });
    }
  },
  async connect(host, port) {
    await opened(connect({ host, port }), 'connect', () => undefined);
  },
  async certificateOf(host, port, caPem) {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const trusted = caPem === undefined ? {} : { ca: caPem };
    // Not refused here: what is wrong with it is what is asked for. Nothing is sent.
    const socket = connectSecurely({ host, port, ...name, ...trusted, rejectUnauthorized: false });
    return opened(socket, 'secureConnect', (): SeenCertificate => {
      const { valid_to: validTo } = socket.getPeerCertificate();
      const { authorized, authorizationError } = socket;
      return {
        expiresAtMs: Date.parse(validTo),
        refusedBecause: authorized ? undefined : messageOf(authorizationError),
      };
    });
  },
  async freeBytes(path) {
    const found = await statfs(path).catch(() => undefined);
    return found && found.bavail * found.bsize;
  },
};

function opened<Value>(socket: Socket, event: 'connect' | 'secureConnect', read: () => Value): Promise<Value> {
  return new Promise<Value>((resolve, reject) => {
    socket.setTimeout(TRY_MS_MAX, () => {
      reject(new BrambleError('deadline-exceeded', `no answer within ${TRY_MS_MAX / 1_000} s`));
    });
    socket.once('error', (cause) => {
      reject(new BrambleError('unavailable', messageOf(cause), { cause }));
    });
    socket.once(event, () => {
      resolve(read());
    });
  }).finally(() => socket.destroy());
}

/** Several addresses that all failed come as one error without words of its own. */
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(messageOf).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
