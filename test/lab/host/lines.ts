import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** A Unix socket that speaks in lines. */
export interface LineSocket {
  readonly lines: AsyncIterator<string>;
  write(line: string): void;
  close(): void;
}

/** Its lines end after `limitMs`, if it is not closed before. @throws Error when nobody listens there */
export function connectLines(path: string, limitMs: number): Promise<LineSocket> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(path);
    const timer = setTimeout(() => socket.destroy(), limitMs);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.on('error', () => undefined); // the reader sees the end
      const reader = createInterface({ input: socket, crlfDelay: Infinity });
      const close = (): void => {
        clearTimeout(timer);
        reader.close();
        socket.destroy();
      };
      resolve({ lines: reader[Symbol.asyncIterator](), write: (line) => socket.write(`${line}\n`), close });
    });
  });
}
