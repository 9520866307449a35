import { connectLines } from './lines.js';

const LIMIT_MS = 5_000;

/**
 * One command to the emulator of a guest, in its own protocol (QEMU Machine Protocol).
 * @throws Error with the emulator's words
 */
export async function qmp(
  socketPath: string,
  command: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const socket = await connectLines(socketPath, LIMIT_MS);
  const answer = async (): Promise<unknown> => {
    for (;;) {
      const line = await socket.lines.next();
      if (line.done === true) throw new Error(`${socketPath}: no answer to ${command}`);
      const message: unknown = JSON.parse(line.value);
      if (typeof message !== 'object' || message === null) continue;
      if ('return' in message) return message.return;
      if ('error' in message) throw new Error(`${command}: ${JSON.stringify(message.error)}`);
    }
  };
  try {
    socket.write(JSON.stringify({ execute: 'qmp_capabilities' }));
    await answer();
    socket.write(JSON.stringify({ execute: command, arguments: args }));
    return await answer();
  } finally {
    socket.close();
  }
}
