import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import type { AgentProbe } from '../../agent/kit/collect/probe.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import type { Datagram, Datagrams } from '../../agent/kit/host/log-tail.js';
import { visible } from '../../proto/contract/visible.js';
import { Allowance } from '../boot/allowance.js';
import { NEIGHBOURS, parsePeers } from '../collectors/vlan-peers.js';

const LINES_PER_EVENT_MAX = 20;
const LINE_CHARACTERS_MAX = 200;
/** Senders that are listened to at once. */
const SENDERS_MAX = 256;
const FLUSH_MS = 1_000;

interface Sender {
  lines: string[];
  droppedCount: number;
  /** A kernel that panics says some hundred lines; one that repeats itself for hours is heard less. */
  readonly allowance: Allowance;
}

export interface NetconsoleOptions {
  readonly datagrams: Datagrams;
  readonly port: number;
  readonly probe: Pick<AgentProbe, 'happened'>;
}

/**
 * Lines that kernels of boards send, gathered per sender and told once a second at most. Anybody on a VLAN can send anything: text is
 * made inert, senders and lines are bounded, and what is not kept is counted.
 */
export class Netconsole {
  readonly #probe: NetconsoleOptions['probe'];
  readonly #senders = new Map<string, Sender>();
  linesCount = 0;
  droppedCount = 0;

  constructor(probe: NetconsoleOptions['probe']) {
    this.#probe = probe;
  }

  /** There is something to tell. */
  get isWaiting(): boolean {
    return [...this.#senders.values()].some(({ lines }) => lines.length > 0);
  }

  take({ from, text }: Datagram, nowMs: number): void {
    const sender = this.#senderOf(from);
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      this.linesCount += 1;
      if (sender !== undefined && sender.lines.length < LINES_PER_EVENT_MAX && sender.allowance.take(nowMs)) {
        sender.lines.push(visible(withoutHead(line), LINE_CHARACTERS_MAX));
      } else {
        this.droppedCount += 1;
        if (sender !== undefined) sender.droppedCount += 1;
      }
    }
  }

  /** @param macOf the hardware address that a board with this address has; empty = not known */
  flush(macOf: (address: string) => string): void {
    for (const [address, sender] of this.#senders) {
      if (sender.lines.length === 0) continue;
      const { lines, droppedCount } = sender;
      sender.lines = [];
      sender.droppedCount = 0;
      this.#probe.happened({ $case: 'netconsoleLines', value: { address, mac: macOf(address), lines, droppedCount } });
    }
  }

  #senderOf(from: string): Sender | undefined {
    const known = this.#senders.get(from);
    if (known !== undefined || this.#senders.size >= SENDERS_MAX) return known;
    const sender: Sender = { lines: [], droppedCount: 0, allowance: new Allowance(200, 1) };
    this.#senders.set(from, sender);
    return sender;
  }
}

/** Extended netconsole puts "level,sequence,time,flags;" before a line. Source: Documentation/networking/netconsole.rst. */
const withoutHead = (line: string): string => line.replace(/^(?:\d[\w.-]*,)?\d+,\d+,\d+,[^;]{1,40};/, '');

export function makeNetconsoleCollector({ datagrams, port, probe }: NetconsoleOptions): Collector {
  const console = new Netconsole(probe);
  let isListening = false;
  return {
    name: 'netconsole',
    intervalMs: 0,
    timeoutMs: 5_000,
    async watch({ clock, kernel }, signal) {
      const ended = new AbortController();
      const both = AbortSignal.any([signal, ended.signal]);
      isListening = true;
      const listening = datagrams
        .listen(port, (datagram) => console.take(datagram, clock.monotonicMs()), both)
        .finally(() => {
          isListening = false;
          ended.abort();
        });
      while (!both.aborted) {
        await clock.sleep(FLUSH_MS, both).catch(() => undefined); // the loop looks at the signal
        const peers = console.isWaiting ? parsePeers(kernel.readText(NEIGHBOURS) ?? '') : [];
        console.flush((address) => peers.find((peer) => peer.address === address)?.mac ?? '');
      }
      await listening;
    },
    collect() {
      if (!isListening) return noData('nobody listens: only a running agent does, where the port is free');
      const samples = new Samples();
      samples.number('netconsole_lines_count', console.linesCount);
      samples.number('netconsole_dropped_count', console.droppedCount);
      return ok(samples.list);
    },
  };
}
