import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ApiRig, startApiRig } from './api-rig.js';
import { Child } from './child.js';
import type { Figure } from './figure.js';

const NODES = 10_000;
/** A fleet of that size at the usual cadence of 30 s. */
const REPORTS_PER_TURN = 33;
const TURN_MS = 100;

const READERS = 50;
const EVENTS_PER_S = 1_000;
const EVENTS_S = 20;
/** The server takes 64 readers in all. */
const SLOW_READERS = 8;
const CUT_WITHIN_MS = 60_000;
const GOAL_MS = 200;

/** The HTTP API with ten thousand nodes that report: lists, and the stream of events, by clients in another process. */
export async function measureApi(): Promise<readonly Figure[]> {
  const rig = await startApiRig(NODES);
  let reports: NodeJS.Timeout | undefined;
  const load = new Child([process.execPath, fileURLToPath(import.meta.url), '--api-load', String(rig.port)]);
  try {
    load.process.stdin?.write(`token ${rig.token}\n`);
    // A quiet fleet first: nothing changes, so a client that has the list is told no more than that.
    const known = await load.ask('again 200');
    reports = setInterval(() => rig.report(REPORTS_PER_TURN), TURN_MS);
    const figures = [...(await measureLists(load)), ...(await measureStream(rig, load))];
    return [...figures, { figure: 'api.list_10000_known_p95', value: p95(known['requestMs']), unit: 'ms', goal: 20 }];
  } finally {
    clearInterval(reports);
    load.process.stdin?.end();
    await load.end();
    await rig.close();
  }
}

async function measureLists(load: Child): Promise<readonly Figure[]> {
  await load.ask('list 500 2'); // warm
  const pages = await load.ask('list 500 20');
  const whole = await load.ask('list 10000 40');
  if (pages['nodes'] !== NODES || whole['nodes'] !== NODES) throw new Error('a list is not the whole fleet');
  const goal = { unit: 'ms', goal: GOAL_MS };
  return [
    { figure: 'api.list_page_of_500_p95', value: p95(pages['requestMs']), ...goal },
    { figure: 'api.list_10000_in_pages_of_500_p95', value: p95(pages['wholeMs']), unit: 'ms' },
    { figure: 'api.list_10000_at_once_p95', value: p95(whole['requestMs']), ...goal },
    { figure: 'api.list_10000_size', value: Number(whole['bytes']) / 2 ** 20, unit: 'MiB' },
  ];
}

async function measureStream(rig: ApiRig, load: Child): Promise<readonly Figure[]> {
  await load.ask(`follow ${READERS}`);
  await load.ask(`slow ${SLOW_READERS}`);
  const startMs = performance.now();
  const firstId = await rig.addEvents(1);
  let [added, lastId] = [1, firstId];
  while (performance.now() - startMs < EVENTS_S * 1_000) {
    const due = Math.min(EVENTS_PER_S * EVENTS_S, Math.floor(((performance.now() - startMs) * EVENTS_PER_S) / 1_000));
    if (due > added) lastId = await rig.addEvents(due - added);
    added = Math.max(added, due);
    await wait(10);
  }
  const perSecond = (added * 1_000) / (performance.now() - startMs);
  const { lost } = await load.ask(`expect ${firstId} ${lastId}`);
  const cutMs = await untilCut(rig);
  return [
    { figure: 'api.events_per_second_to_50_readers', value: perSecond, unit: '1/s', goal: 950, better: 'higher' },
    { figure: 'api.events_lost', value: Number(lost), unit: '', goal: 0 },
    { figure: 'api.slow_readers_cut_after', value: cutMs / 1_000, unit: 's', goal: CUT_WITHIN_MS / 1_000 },
  ];
}

/** Goes on with large numbers of events until only those who read are left: kernels buffer megabytes for who does not. */
async function untilCut(rig: ApiRig): Promise<number> {
  const startMs = performance.now();
  while ((await rig.readersCount()) > READERS) {
    if (performance.now() - startMs > CUT_WITHIN_MS) return Infinity;
    await rig.addEvents(500);
    await wait(100);
  }
  return performance.now() - startMs;
}

/** Of a list of numbers in an answer of our own program. */
function p95(values: unknown): number {
  const sorted = (values as readonly number[]).toSorted((a, b) => a - b); // what --api-load says
  return sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;
}
