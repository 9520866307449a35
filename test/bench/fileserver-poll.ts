import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { followCollectors } from '../../agent/kit/collect/follow.js';
import { CollectorScheduler } from '../../agent/kit/collect/scheduler.js';
import { makeNodeDatagrams } from '../../agent/kit/host/node/datagrams.js';
import { makeNodeExec } from '../../agent/kit/host/node/exec.js';
import { makeNodeHost } from '../../agent/kit/host/node/host.js';
import { makeNodeLogTail, nodeLocalTime } from '../../agent/kit/host/node/log-tail.js';
import { makeGrpcNet } from '../../agent/kit/host/node/net.js';
import { makeSystemdServices } from '../../agent/kit/host/node/services-systemd.js';
import { noMachine } from '../../agent/kit/machine/local-machine.js';
import { standaloneProbe } from '../../agent/kit/program/run-report.js';
import { fileserverCollectors } from '../../fileserver-agent/collectors/index.js';
import { Report } from '../../proto/gen/bramble/agent/v1/report.js';
import { SeriesEncoder } from '../../proto/wire/series.js';

const SECOND_MS = 1_000;
/** As agents report where nobody wants it otherwise. */
const REPORT_EVERY_S = 30;
/** Of a mount namespace that ends with this process. */
const STATE_DIR = '/var/lib/misc';

/** The program that is measured: follows and reports for as many seconds as each line of its input says. */
export async function runFileserverPolls(lines: AsyncIterable<string>): Promise<void> {
  const services = makeSystemdServices(makeNodeExec());
  const host = makeNodeHost({ root: '/', net: makeGrpcNet(), services, machine: noMachine() });
  const sources = { tail: makeNodeLogTail(), localTime: nodeLocalTime, datagrams: makeNodeDatagrams('127.0.0.1') };
  const collectors = fileserverCollectors(standaloneProbe(host), { sources, stateDir: STATE_DIR });
  const scheduler = new CollectorScheduler({ collectors, host, nodeId: 'bench' });
  const encoder = new SeriesEncoder();
  const stop = new AbortController();
  const followed = followCollectors(collectors, { host, log: pino({ level: 'silent' }) }, stop.signal);
  let isFull = true;
  for await (const line of lines) {
    const before = process.cpuUsage();
    for (let second = 0; second < Number(line); second += 1) {
      await wait(SECOND_MS);
      if (second % REPORT_EVERY_S !== 0) continue;
      const samples = await scheduler.collect(SECOND_MS);
      Report.encode(encoder.encode(samples, host.clock.monotonicMs(), isFull)).finish();
      isFull = false;
    }
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(`${JSON.stringify({ cpuMs: (user + system) / 1_000 })}\n`);
  }
  stop.abort();
  await followed;
}
