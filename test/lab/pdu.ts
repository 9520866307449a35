import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Rack } from './rack.js';
import { PDU_ADDRESS, PDU_PORT } from './spec.js';

/**
 * A power strip with an outlet for every Pi: one line "NAME on|off|cycle|status" a connection, answered by "on", "off" or
 * "error ...". It never resolves: it ends with its rack.
 */
export function servePdu(rack: Rack): Promise<number> {
  return new Promise((_resolve, reject) => {
    // A caller that has said all it wants to say still waits for the answer.
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      // Whoever asked may be gone before it has said what it wants; without a listener on both, the strip would end with it.
      socket.on('error', () => undefined);
      const lines = createInterface({ input: socket }).on('error', () => undefined);
      lines.once('line', (line) => {
        act(rack, line).then(
          (state) => socket.end(`${state}\n`),
          (thrown: unknown) => socket.end(`error ${thrown instanceof Error ? thrown.message : String(thrown)}\n`),
        );
      });
    });
    server.once('error', reject);
    server.listen(PDU_PORT, PDU_ADDRESS);
  });
}

async function act(rack: Rack, line: string): Promise<'on' | 'off'> {
  const [name = '', verb] = line.trim().split(' ');
  if (!rack.spec.pis.some((pi) => pi.name === name)) throw new Error(`nothing named ${name} is plugged in`);
  if (verb === 'off' || verb === 'cycle') await rack.powerOff(name);
  if (verb === 'on' || verb === 'cycle') await rack.powerOn(name);
  return rack.isOn(name) ? 'on' : 'off';
}
