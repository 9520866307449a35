import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { reportsSeen, startAgent, untilReports } from './agent-process.js';
import type { Figure } from './figure.js';
import { measureNodeExporter } from './node-exporter.js';
import { startRig } from './rig.js';

const INTERVAL_MS = 500;
const WARM_REPORTS = 20;
const REPORTS = 60;

/** Bytes of a steady report on the TLS wire, counted on the way between the real agent and the controller. */
export async function measureWire(): Promise<readonly Figure[]> {
  const exporter = await measureNodeExporter(5);
  const rig = await startRig(INTERVAL_MS);
  const meter = await startMeter(rig.linkPort);
  rig.advertise(`127.0.0.1:${meter.port}`);
  const agent = await startAgent(rig);
  try {
    await untilReports(rig, WARM_REPORTS);
    const before = { bytes: meter.bytesUp(), reports: reportsSeen(rig) };
    await untilReports(rig, WARM_REPORTS + REPORTS);
    return [
      {
        figure: 'wire.report',
        value: (meter.bytesUp() - before.bytes) / (reportsSeen(rig) - before.reports),
        unit: 'bytes on the TLS wire',
        ...(exporter && { baseline: exporter.bytesPerScrape, baselineName: 'node_exporter scrape, gzip, no TLS' }),
        goal: 100,
      },
    ];
  } finally {
    await agent.end();
    meter.server.close();
    await rig.close();
  }
}

interface Meter {
  readonly server: Server;
  readonly port: number;
  bytesUp(): number;
}

/** Passes connections on and counts what agents send. */
async function startMeter(toPort: number): Promise<Meter> {
  let up = 0;
  const server = createServer((from) => {
    const to = connect(toPort, '127.0.0.1');
    from.on('data', (chunk) => {
      up += chunk.length;
    });
    from.pipe(to).pipe(from);
    for (const socket of [from, to]) socket.on('error', () => [from, to].forEach((each) => void each.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port, bytesUp: () => up }; // it listens on TCP
}
