import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpuMs, residentBytes } from './process-cost.js';

const PROGRAM = '/usr/bin/prometheus-node-exporter';

export interface ScrapeCost {
  readonly cpuMsPerScrape: number;
  readonly residentBytes: number;
  readonly bytesPerScrape: number;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function scrape(url: string): Promise<number> {
  const response = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
  const body = await response.text();
  const length = response.headers.get('content-length');
  return length === null ? Buffer.byteLength(body) : Number(length);
}

async function untilUp(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) throw new Error(`node_exporter ended with ${child.exitCode}`);
    try {
      await scrape(url);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50)); // it is still starting
    }
  }
  throw new Error('node_exporter did not answer within 5 s');
}

/** Only what a Pi's agent looks at too, so that the comparison is of like with like. */
export const SAME_ITEMS = [
  'cpu',
  'diskstats',
  'filesystem',
  'loadavg',
  'meminfo',
  'mountstats',
  'netclass',
  'netdev',
  'pressure',
  'stat',
  'thermal_zone',
  'timex',
  'uname',
  'vmstat',
] as const;

/**
 * Runs Debian's node_exporter on this machine and scrapes it; `undefined` where it is not installed.
 * @param collectors those that are on; absent = its own choice
 * @param enter makes the command run where it shall look around
 */
export async function measureNodeExporter(
  scrapes: number,
  collectors?: readonly string[],
  enter = (argv: readonly string[]) => argv,
): Promise<ScrapeCost | undefined> {
  if (!existsSync(PROGRAM)) return undefined;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/metrics`;
  const only = collectors?.map((name) => `--collector.${name}`) ?? [];
  const flags = [...(collectors === undefined ? [] : ['--collector.disable-defaults']), ...only];
  const [program = '', ...rest] = enter([PROGRAM, `--web.listen-address=127.0.0.1:${port}`, ...flags]);
  const child = spawn(program, rest, { stdio: 'ignore' });
  try {
    await untilUp(url, child);
    const pid = child.pid ?? 0;
    for (let i = 0; i < 5; i++) await scrape(url);
    const before = cpuMs(pid);
    let bytes = 0;
    for (let i = 0; i < scrapes; i++) bytes += await scrape(url);
    return {
      cpuMsPerScrape: (cpuMs(pid) - before) / scrapes,
      residentBytes: residentBytes(pid),
      bytesPerScrape: bytes / scrapes,
    };
  } finally {
    if (child.exitCode === null) {
      child.kill();
      await once(child, 'exit');
    }
  }
}
