import { createSocket } from 'node:dgram';
import { BrambleError } from '../../../../proto/contract/errors.js';
import type { Datagrams } from '../log-tail.js';

/** A longer one is no line of a kernel's log: netconsole sends at most 1000 bytes. */
const DATAGRAM_MAX_BYTES = 2_048;

/** A socket on every IPv4 address of this machine. Its receive buffer is the kernel's: what comes faster is lost there. */
export function makeNodeDatagrams(address = '0.0.0.0'): Datagrams {
  return {
    async listen(port, onDatagram, signal) {
      if (signal.aborted) return;
      const socket = createSocket('udp4');
      const close = (): void => {
        signal.removeEventListener('abort', close); // a socket that is closed twice throws
        socket.close();
      };
      signal.addEventListener('abort', close);
      await new Promise<void>((resolve, reject) => {
        socket.once('close', resolve);
        socket.once('error', (cause) => {
          reject(
            new BrambleError('unavailable', `UDP port ${port} cannot be listened on: ${cause.message}`, { cause }),
          );
          if (!signal.aborted) close();
        });
        socket.on('message', (bytes, { address: from }) => {
          onDatagram({ from, text: bytes.toString('utf8', 0, DATAGRAM_MAX_BYTES) });
        });
        socket.bind({ port, address });
      });
    },
  };
}
