import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { reportsSeen, startAgent, untilReports } from './agent-process.js';
import { whileAwake } from './awake.js';
import { Child } from './child.js';
import { type Figure, median } from './figure.js';
import { measured } from './measured-program.js';
import { cpuMs, residentBytes } from './process-cost.js';
import { type Rig, startRig } from './rig.js';

/** Lines of a real dnsmasq for one board: a boot without a fault, and what it logs with --log-dhcp. */
const RECORDED = 'test/fixtures/dnsmasq-log/debian-12-log-dhcp/input.txt';
const RECORDED_BOARD = { mac: 'b8:27:eb:aa:00:03', serial: 'aa000003', address: '10.46.189.2', server: '10.46.189.1' };
const BOARDS = 96;
/** A whole shelf that restarts over and over, each board once in a minute. */
const BOOT_EVERY_S = 60;
const MINUTE_S = 60;
const PARTS = 3;
const REPORT_MS = 30_000;
const MIB = 2 ** 20;

/** $0 holds what the agent sees in these places; the namespace ends with it. */
const ENTER = `for each in log lib/misc lib/nfs; do mkdir -p "/var/$each"; mount --bind "$0/$each" "/var/$each" || exit 1; done; exec "$@"`;

/** What the fileserver's agent costs while a shelf of boards boots, and the log of that flows. Needs root's rights. */
export async function measureFileserver(): Promise<readonly Figure[]> {
  if (process.getuid?.() !== 0) return [];
  const rig = await startRig(REPORT_MS);
  try {
    const places = join(rig.dir, 'var');
    for (const each of ['log', 'lib/misc', 'lib/nfs']) mkdirSync(join(places, each), { recursive: true });
    const log = join(places, 'log/bramble-dnsmasq.log');
    writeFileSync(log, '');
    const inside = (argv: readonly string[]) => ['unshare', '--mount', 'sh', '-c', ENTER, places, ...argv];
    return await whileAwake(async () => [...(await wholeAgent(rig, log, inside)), await onePoll(log, inside)]);
  } finally {
    await rig.close();
  }
}

type Enter = (argv: readonly string[]) => readonly string[];

/**
 * A poll looks at the logs of a second, and each thirtieth collects and encodes a report. As for `agent.cpu_per_poll`, polls follow
 * one another and the way to the controller is left out.
 */
async function onePoll(log: string, inside: Enter): Promise<Figure> {
  const child = new Child(inside(measured('fileserver-poll')));
  const costs: number[] = [];
  const lines = bootLines();
  try {
    await child.answer();
    const startMs = Date.now();
    for (let second = 0; second < (1 + PARTS) * MINUTE_S; second += 1) {
      const atMs = startMs + second * 1_000;
      writeSecond(log, lines, atMs);
      const { cpuMs } = await child.ask(String(atMs));
      if (second >= MINUTE_S) costs.push(Number(cpuMs)); // the first minute warms
    }
  } finally {
    await child.end();
  }
  const parts = Array.from({ length: PARTS }, (_, part) => costs.slice(part * MINUTE_S, (part + 1) * MINUTE_S));
  const value = median(parts.map((part) => part.reduce((sum, cost) => sum + cost, 0) / MINUTE_S));
  return { figure: 'fileserver.cpu_per_poll', value, unit: 'ms per look at the logs', goal: 3 };
}

async function wholeAgent(rig: Rig, log: string, inside: Enter): Promise<readonly Figure[]> {
  const agent = await startAgent(rig, 'fileserver', inside);
  try {
    await untilReports(rig, 1);
    await flow(log, MINUTE_S); // warm: every board is known
    const idleFromMs = cpuMs(agent.pid);
    await wait(MINUTE_S * 1_000);
    const idle = (cpuMs(agent.pid) - idleFromMs) / MINUTE_S;
    const costs: number[] = [];
    const resident: number[] = [];
    for (let part = 0; part < PARTS; part += 1) {
      const before = { cpuMs: cpuMs(agent.pid), reports: reportsSeen(rig) };
      await flow(log, MINUTE_S);
      costs.push((cpuMs(agent.pid) - before.cpuMs) / MINUTE_S);
      resident.push(residentBytes(agent.pid) / MIB);
      if (reportsSeen(rig) === before.reports) throw new Error('the agent no longer reports');
    }
    const value = [...rig.controller.core.boards.all()].length;
    return [
      { figure: 'fileserver.boards', value, unit: 'boards seen by the controller', goal: BOARDS, better: 'higher' },
      { figure: 'fileserver.rss', value: Math.max(...resident), unit: 'MiB', goal: 64 },
      {
        // The polls, and all the rest: a stage that was reached is kept, sent through gRPC and TLS, and acknowledged.
        figure: 'fileserver.cpu_per_second',
        value: median(costs),
        unit: 'ms while a shelf boots over and over',
        baseline: idle,
        baselineName: 'while no board boots',
      },
    ];
  } finally {
    await agent.end();
  }
}

/** So many seconds of a shelf's log. */
async function flow(log: string, seconds: number): Promise<void> {
  const lines = bootLines();
  for (let second = 0; second < seconds; second += 1) {
    const nextMs = performance.now() + 1_000;
    writeSecond(log, lines, Date.now());
    await wait(Math.max(0, nextMs - performance.now()));
  }
}

/** Boards of which it is the turn, written as dnsmasq would: what one board says at once. */
function writeSecond(log: string, lines: readonly string[], atMs: number): void {
  for (let board = Math.floor(atMs / 1_000) % BOOT_EVERY_S; board < BOARDS; board += BOOT_EVERY_S) {
    appendFileSync(log, `${lines.map((line) => lineOf(line, board, atMs)).join('\n')}\n`);
  }
}

function bootLines(): readonly string[] {
  const lines = readFileSync(RECORDED, 'utf8').split('\n');
  return ownLines(lines.filter((line) => /dnsmasq-(dhcp|tftp)\[\d+\]: /.test(line)));
}

/** Between its first DHCP message and the last file that it was given. */
function ownLines(lines: readonly string[]): readonly string[] {
  const { mac, address } = RECORDED_BOARD;
  const first = lines.findIndex((line) => line.includes(`DHCPDISCOVER(v10) ${mac}`));
  const last = lines.findLastIndex((line) => line.includes(`to ${address}`));
  return lines.slice(first, last + 1);
}

const STAMP = new Intl.DateTimeFormat('en-US', {
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** The same line of another board, at this time. */
function lineOf(line: string, board: number, atMs: number): string {
  const { mac, serial, address, server } = RECORDED_BOARD;
  const two = board.toString(16).padStart(2, '0');
  const third = 180 + Math.floor(board / 64);
  const stamp = STAMP.format(atMs).replace(',', '');
  return line
    .replace(/^\w{3} [ \d]\d \d\d:\d\d:\d\d/, stamp)
    .replaceAll(mac, `b8:27:eb:bb:00:${two}`)
    .replaceAll(serial, `bb0000${two}`)
    .replaceAll(address, `10.46.${third}.${(4 * board + 2) % 256}`)
    .replaceAll(server, `10.46.${third}.${(4 * board + 1) % 256}`)
    .replaceAll('(v10)', `(eth0.${10 + board})`);
}
