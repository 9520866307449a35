import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { makeGrpcNet } from '../../agent/kit/host/node/net.js';
import type { LinkStream, TlsIdentity } from '../../agent/kit/host/ports.js';
import { seededRandom } from '../../proto/contract/random.js';
import { Hello } from '../../proto/gen/bramble/agent/v1/link.js';
import { SeriesEncoder } from '../../proto/wire/series.js';
import { makeRealisticNode, realisticReport } from './realistic.js';

/** What the load generator is told to do: one stream for each identity. */
export interface LoadOrder {
  readonly endpoint: string;
  readonly identities: readonly TlsIdentity[];
  /** Wait for the controller's first frame on each stream; a bare server sends none. */
  readonly expectWelcome: boolean;
}

/** Streams that are opened at the same time. */
const PARALLEL = 16;

interface Sender {
  readonly stream: LinkStream;
  readonly encoder: SeriesEncoder;
  readonly samples: ReturnType<typeof makeRealisticNode>;
  takenAtMs: number;
}

/**
 * Opens the streams, says so, and then obeys lines on standard input: `full` sends a full report on each stream,
 * `rounds N MS` sends a delta on each stream N times, one round per MS.
 */
export async function runLoad(orderFile: string): Promise<void> {
  const order = JSON.parse(readFileSync(orderFile, 'utf8')) as LoadOrder; // written by the benchmark itself
  const first = await realisticReport();
  const senders: Sender[] = [];
  for (let start = 0; start < order.identities.length; start += PARALLEL) {
    const batch = order.identities.slice(start, start + PARALLEL);
    senders.push(
      ...(await Promise.all(
        batch.map((identity, offset) =>
          open(order, identity, start + offset, makeRealisticNode(first, seededRandom(start + offset))),
        ),
      )),
    );
  }
  say({ open: senders.length });
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb, rounds, everyMs] = line.split(' ');
    if (verb === 'full') say({ sent: sendReports(senders, true) });
    else say({ sent: await sendRounds(senders, Number(rounds), Number(everyMs)) });
  }
}

async function open(
  order: LoadOrder,
  identity: TlsIdentity,
  index: number,
  samples: Sender['samples'],
): Promise<Sender> {
  const stream = await makeGrpcNet().openLink(order.endpoint, identity, new AbortController().signal);
  stream.send({ frame: { $case: 'hello', value: hello(index) } });
  const frames = stream.frames[Symbol.asyncIterator]();
  if (order.expectWelcome) await frames.next();
  void drain(frames);
  return { stream, encoder: new SeriesEncoder(), samples, takenAtMs: 1_000 };
}

/** Acknowledgements are read and forgotten; a stream that ends says so. */
async function drain(frames: AsyncIterator<unknown>): Promise<void> {
  try {
    while ((await frames.next()).done !== true);
  } catch (thrown) {
    process.stderr.write(`a stream ended: ${String(thrown)}\n`);
  }
}

function hello(index: number): Hello {
  return Hello.fromPartial({
    kind: 1,
    board: { model: 'Raspberry Pi 3 Model B Rev 1.2', serial: index.toString(16).padStart(16, '0') },
    bootId: `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
    processNonce: String(index),
    agentVersion: '0.0.0-bench',
    ledgerHead: {},
    outboxHead: { nextSequence: 1 },
    uptimeMs: 1_000,
  });
}

function sendReports(senders: readonly Sender[], full: boolean): number {
  let sent = 0;
  for (const sender of senders) {
    sender.takenAtMs += 30_000;
    const value = sender.encoder.encode(sender.samples(), sender.takenAtMs, full);
    sender.stream.send({ frame: { $case: 'report', value } });
    sent += 1;
  }
  return sent;
}

/** Spreads each round over its time, as a fleet with jitter does. */
async function sendRounds(senders: readonly Sender[], rounds: number, everyMs: number): Promise<number> {
  const slices = 20;
  const perSlice = Math.ceil(senders.length / slices);
  const startMs = performance.now();
  let sent = 0;
  for (let step = 0; step < rounds * slices; step++) {
    const first = (step % slices) * perSlice;
    sent += sendReports(senders.slice(first, first + perSlice), false);
    const waitMs = startMs + ((step + 1) * everyMs) / slices - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return sent;
}

function say(answer: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
