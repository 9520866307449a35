import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { tokenHeaders } from '../../controller/web/testing/fixtures.js';
import { RealFleet } from '../../controller/web/testing/real-fleet.js';
import { listeningOn, treeOf } from './processes.js';

const PROMETHEUS = '/usr/bin/prometheus';
const PROMTOOL = '/usr/bin/promtool';
const PATIENCE = { timeout: 45_000, interval: 250 } as const;

const Targets = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({ scrapeUrl: z.string(), health: z.string(), labels: z.record(z.string(), z.string()) }),
    ),
    droppedTargets: z.array(z.object({ discoveredLabels: z.record(z.string(), z.string()) })),
  }),
});
const Answer = z.object({
  data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }),
});

/** Debian's Prometheus, configured as OPERATIONS.md says, and a controller with two nodes. */
describe.skipIf(!existsSync(PROMETHEUS) || !existsSync(PROMTOOL))('Debian’s Prometheus', () => {
  let dir = '';
  let fleet: RealFleet;
  let prometheus: ChildProcess | undefined;

  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'bramble-prometheus-'));
    fleet = await RealFleet.start({ metricsOpenOnLoopback: false });
  });
  afterEach(async () => {
    if (prometheus !== undefined) await ended(prometheus);
    prometheus = undefined;
    await fleet.stop();
    await fleet.store.close();
    await rm(dir, { recursive: true, force: true });
  });

  test('finds no fault with what /metrics says', async () => {
    const metrics = await fleet.askAs('viewer', 'GET', '/metrics');
    expect([metrics.status, metrics.headers['content-type']]).toEqual([200, expect.stringContaining('text/plain')]);
    const checking = promisify(execFile)(PROMTOOL, ['check', 'metrics'], { timeout: 20_000 });
    checking.child.stdin?.end(metrics.text);
    expect(await checking).toEqual({ stdout: '', stderr: '' });
  });

  test('T-63: discovers and scrapes the controller with a token from a file, and with none nothing', async () => {
    const token = (await tokenHeaders(fleet, 'viewer')).authorization.replace('Bearer ', '');
    await writeFile(path.join(dir, 'token'), token, { mode: 0o600 });
    const controller = `127.0.0.1:${fleet.port}`;
    const discovery = (job: string, more: object) => ({
      ...{ job_name: job, ...more },
      http_sd_configs: [{ url: `http://${controller}/sd/prometheus`, refresh_interval: '1s', ...more }],
    });
    // Debian 12's Prometheus sends the bare token to discovery when the type is left to its default.
    const authorization = { type: 'Bearer', credentials_file: path.join(dir, 'token') };
    const nodes = {
      ...discovery('nodes', { authorization }),
      http_sd_configs: [{ url: `http://${controller}/sd/prometheus?role=node`, refresh_interval: '1s', authorization }],
      relabel_configs: [{ source_labels: ['__meta_bramble_site'], action: 'drop', regex: 'lab' }],
    };
    const port = await start({
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: [discovery('bramble', { authorization }), discovery('stranger', {}), nodes],
    });
    const targets = async () => Targets.parse(await api(port, 'targets')).data;
    await expect
      .poll(async () => (await targets()).activeTargets, PATIENCE)
      .toEqual([
        { scrapeUrl: `http://${controller}/metrics`, health: 'up', labels: { instance: controller, job: 'bramble' } },
      ]);
    await expect
      .poll(
        async () =>
          (await targets()).droppedTargets.map((one) => one.discoveredLabels['__meta_bramble_node_name']).sort(),
        PATIENCE,
      )
      .toEqual(['pi-1', 'pi-2']);
    const figure = async () => Answer.parse(await api(port, `query?query=${encodeURIComponent('up{job="bramble"}')}`));
    await expect.poll(async () => (await figure()).data.result.map(({ value }) => value[1]), PATIENCE).toEqual(['1']);
    expect(listeningOn(treeOf(prometheus?.pid ?? -1))).toEqual([`127.0.0.1:${port}`]);
  });

  /** Resolves with the port of its own API. */
  async function start(config: object): Promise<number> {
    const file = path.join(dir, 'prometheus.yml');
    await writeFile(file, stringify(config));
    await promisify(execFile)(PROMTOOL, ['check', 'config', file], { timeout: 20_000 });
    const data = path.join(dir, 'data');
    const flags = [`--config.file=${file}`, `--storage.tsdb.path=${data}`, '--web.listen-address=127.0.0.1:0'];
    const child = spawn(PROMETHEUS, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
    prometheus = child;
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stderr })) {
      said.push(line);
      const address = /msg="Listening on" address=127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (address === undefined) continue;
      child.stderr.resume();
      return Number(address);
    }
    throw new Error(`Prometheus did not start: ${said.slice(-5).join('\n')}`);
  }
});

async function api(port: number, what: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${what}`, { signal: AbortSignal.timeout(5_000) });
  return await response.json();
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
