import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from './child.js';
import { type Figure, median } from './figure.js';
import { type FleetOnDisk, prepareFleet } from './fleet-on-disk.js';
import { cpuMs, residentBytes } from './process-cost.js';

const STREAMS = 2_000;
const ROUNDS = 20;
/** Two reports a second on each stream: as many as a stream may send in the long run. */
const ROUND_MS = 500;

interface ServerCost {
  readonly bytesPerStream: number;
  readonly setUpMsPerStream: number;
  readonly reportsPerCpuSecond: number;
}

export interface ServerFigures {
  readonly streams: readonly Figure[];
  readonly ingest: readonly Figure[];
}

/** Streams and reports end to end: a real controller process, and the same load on a bare grpc-js server. */
export async function measureServers(): Promise<ServerFigures> {
  const dir = mkdtempSync(join(tmpdir(), 'bramble-bench-'));
  try {
    const fleet = await prepareFleet(dir, STREAMS);
    const bare = await measureServer(dir, fleet, 'bare');
    const bramble = await measureServer(dir, fleet, 'bramble');
    const baselineName = 'bare grpc-js';
    return {
      streams: [
        {
          figure: 'streams.memory_per_stream',
          value: bramble.bytesPerStream / 1_024,
          unit: 'KiB',
          baseline: bare.bytesPerStream / 1_024,
          baselineName,
          goal: 1.3,
          goalOn: 'ratio',
        },
        {
          figure: 'streams.set_up_cpu',
          value: bramble.setUpMsPerStream,
          unit: 'ms',
          baseline: bare.setUpMsPerStream,
          baselineName,
        },
      ],
      ingest: [
        {
          figure: 'ingest.reports_per_core_second',
          value: bramble.reportsPerCpuSecond,
          unit: '1/s',
          baseline: bare.reportsPerCpuSecond,
          baselineName,
          goal: 5_000,
          better: 'higher',
        },
      ],
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measureServer(dir: string, fleet: FleetOnDisk, kind: 'bare' | 'bramble'): Promise<ServerCost> {
  const server = startServer(dir, fleet, kind);
  let load: Child | undefined;
  try {
    const { linkPort } = await server.answer();
    const order = join(dir, `${kind}-load.json`);
    const endpoint = `127.0.0.1:${String(linkPort)}`;
    writeFileSync(order, JSON.stringify({ endpoint, identities: fleet.identities, expectWelcome: kind === 'bramble' }));
    const before = { bytes: residentBytes(server.pid), cpuMs: cpuMs(server.pid) };
    load = new Child([process.execPath, fileURLToPath(import.meta.url), '--load', order]);
    await load.answer();
    const opened = { cpuMs: cpuMs(server.pid) };
    await load.ask('full');
    await load.ask(`rounds 4 ${ROUND_MS}`); // warm: the just-in-time compiler has seen all of it
    const settled = { cpuMs: cpuMs(server.pid) };
    // Sampled all along: one look at the end would measure how long ago the garbage was collected.
    const resident: number[] = [];
    const sampler = setInterval(() => resident.push(residentBytes(server.pid)), ROUND_MS);
    const { sent } = await load.ask(`rounds ${ROUNDS} ${ROUND_MS}`);
    clearInterval(sampler);
    const spentMs = cpuMs(server.pid) - settled.cpuMs;
    return {
      bytesPerStream: (median(resident) - before.bytes) / STREAMS,
      setUpMsPerStream: (opened.cpuMs - before.cpuMs) / STREAMS,
      reportsPerCpuSecond: (Number(sent) * 1_000) / spentMs,
    };
  } finally {
    await load?.end();
    await server.end();
  }
}

function startServer(dir: string, fleet: FleetOnDisk, kind: 'bare' | 'bramble'): Child {
  const here = fileURLToPath(import.meta.url);
  if (kind === 'bramble') {
    const program = join(dirname(here), '..', 'bramble-controller.mjs');
    const ports = ['--http-port', '0', '--link-port', '0', '--enrol-port', '0'];
    return new Child([process.execPath, program, '--data', dir, ...ports]);
  }
  const identity = join(dir, 'bare.json');
  const { certificateChainPem, privateKeyPem } = fleet.serverIdentity;
  writeFileSync(
    identity,
    JSON.stringify({ rootsPem: fleet.trustRootsPem, chainPem: certificateChainPem, privateKeyPem }),
  );
  return new Child([process.execPath, here, '--bare-server', identity]);
}
