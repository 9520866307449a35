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
import { SteppedClock } from './stepped-clock.js';

/** As agents report where nobody wants it otherwise, in polls of a second. */
const REPORT_EVERY = 30;
/** Of a mount namespace that ends with this process. */
const STATE_DIR = '/var/lib/misc';
/** Until all that is followed has had its first look. */
const SETTLE_MS = 2_000;

/** The program that is measured. Once it has said that it is ready, each line of its input is a time, and it does what is due then. Polls follow one another. */
export async function runFileserverPolls(lines: AsyncIterable<string>): Promise<void> {
  const clock = new SteppedClock(Date.now());
  const services = makeSystemdServices(makeNodeExec());
  const host = { ...makeNodeHost({ root: '/', net: makeGrpcNet(), services, machine: noMachine() }), clock };
  const sources = { tail: makeNodeLogTail(), localTime: nodeLocalTime, datagrams: makeNodeDatagrams('127.0.0.1') };
  const collectors = fileserverCollectors(standaloneProbe(host), { sources, stateDir: STATE_DIR });
  const scheduler = new CollectorScheduler({ collectors, host, nodeId: 'bench' });
  const encoder = new SeriesEncoder();
  const stop = new AbortController();
  const followed = followCollectors(collectors, { host, log: pino({ level: 'silent' }) }, stop.signal);
  await wait(SETTLE_MS);
  process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
  let polls = 0;
  for await (const line of lines) {
    const before = process.cpuUsage();
    await clock.goTo(Number(line));
    if (polls % REPORT_EVERY === 0) {
      const samples = await scheduler.collect(REPORT_EVERY * 1_000);
      Report.encode(encoder.encode(samples, clock.monotonicMs(), polls === 0)).finish();
    }
    polls += 1;
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(`${JSON.stringify({ cpuMs: (user + system) / 1_000 })}\n`);
  }
  stop.abort();
  await followed;
}
