import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { Alertmanager } from '../../controller/alerts/alertmanager.js';
import { systemClock } from '../../controller/system.js';
import { AlertSender } from '../../controller/usecases/alerts/alert-sender.js';
import { HealingSite } from '../../controller/usecases/testing/healing-site.js';

const PROGRAM = '/usr/bin/prometheus-alertmanager';
const PATIENCE = { timeout: 45_000, interval: 250 } as const;
const ENFORCE = 'name: test\nversion: 1\nmode: enforce\n';
const MINUTE_MS = 60_000;
const GRACE_MS = 8 * MINUTE_MS;

const Told = z.object({
  alerts: z.array(z.object({ status: z.string(), labels: z.record(z.string(), z.string()) })),
});
const Known = z.array(z.object({ labels: z.record(z.string(), z.string()) }));

/** Debian's Alertmanager, which passes on to us; healing and incidents are the real ones, on a site in memory. */
describe.skipIf(!existsSync(PROGRAM))('Debian’s Alertmanager', () => {
  let dir = '';
  let alertmanager: ChildProcess | undefined;
  let receiver: Server;
  let url = '';
  /** What people would have been told. */
  let told: string[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'bramble-alertmanager-'));
    told = [];
    receiver = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        for (const { status, labels } of Told.parse(JSON.parse(body)).alerts) told.push(`${status} ${labels['cause']}`);
        response.end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    url = await start();
  });
  afterEach(async () => {
    if (alertmanager !== undefined) await ended(alertmanager);
    alertmanager = undefined;
    await new Promise((resolve) => receiver.close(resolve));
    await rm(dir, { recursive: true, force: true });
  });

  test('hears of a site that went dark once, with one alert for everybody in it, and once that it is over', async () => {
    const channel = new Alertmanager(url, undefined, systemClock);
    const site = await HealingSite.start(ENFORCE, { channels: [channel] });
    const { store, world } = site.fleet;
    const sender = new AlertSender({ store, world, channels: [channel], linkOf: () => undefined });
    await site.pass(GRACE_MS);
    for (const agent of [...site.pis, site.switch, site.fileserver]) site.silent.add(agent);
    await site.pass(10 * MINUTE_MS);
    await sender.work();
    await expect.poll(() => told, PATIENCE).toEqual(['firing site:lab']);
    await site.pass(5 * MINUTE_MS);
    await sender.work(); // said again, so that it does not lapse
    expect((await known()).map(({ labels }) => labels['cause'])).toEqual(['site:lab']);
    site.silent.clear();
    await site.pass(20 * MINUTE_MS);
    await sender.work();
    await expect.poll(() => told, PATIENCE).toEqual(['firing site:lab', 'resolved site:lab']);
    expect(await known()).toEqual([]);
  });

  async function known(): Promise<z.infer<typeof Known>> {
    const response = await fetch(`${url}/api/v2/alerts`, { signal: AbortSignal.timeout(5_000) });
    return Known.parse(await response.json());
  }

  /** Resolves with the address of its API. */
  async function start(): Promise<string> {
    const address = receiver.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const file = path.join(dir, 'alertmanager.yml');
    const soon = { group_by: ['incident'], group_wait: '1s', group_interval: '1s', repeat_interval: '1h' };
    const webhooks = [{ url: `http://127.0.0.1:${port}/`, send_resolved: true }];
    await writeFile(
      file,
      stringify({ route: { receiver: 'us', ...soon }, receivers: [{ name: 'us', webhook_configs: webhooks }] }),
    );
    const flags = [
      `--config.file=${file}`,
      `--storage.path=${path.join(dir, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
      '--cluster.listen-address=',
    ];
    const child = spawn(PROGRAM, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
    alertmanager = child;
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stderr })) {
      said.push(line);
      const listening = /msg="Listening on" address=127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (listening === undefined) continue;
      child.stderr.resume();
      return `http://127.0.0.1:${listening}`;
    }
    throw new Error(`Alertmanager did not start: ${said.slice(-5).join('\n')}`);
  }
});

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
