/** `npm run lab`: a whole rack on this machine, with real kernels and no hardware. */

import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { killedCycles } from '../../switch-agent/testing/killed-cycles.js';
import { capture } from './capture/command.js';
import { breaks, faultList } from './faults.js';
import { serveOtherSite } from './other-site.js';
import { servePdu } from './pdu.js';
import { Rack } from './rack.js';
import { summarise } from './raid-summary.js';
import { raidTransitions } from './raid-transitions.js';

const USAGE = `usage: npm run lab -- COMMAND

  up [--pis N] [--bare]      start a rack: a switch, a fileserver, N Pis (2) and a controller; --bare: no agents
  down                       end it and everything that belongs to it
  status                     what is on, and what the controller says of it
  console NAME               a shell on a guest's console; Ctrl-] leaves
  run NAME SCRIPT            run a script in a guest, beside its networks
  power NAME on|off|cycle    what a socket of a power strip does
  capture KIND ...           record what a machine shows, as a fixture: capture --help
  power-kills [N]            N (100) power cycles whose agent is killed between off and on, without a rack: none is left dark
  raid-transitions [N]       N (200) changes of small arrays, each held against what the fileserver's agent tells
  break FAULT [TARGET]       something goes wrong, or is put right:
${faultList()}
`;
const ID = 'rack';
const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const LEAVE = 0x1d;

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function main([command, ...words]: readonly string[]): Promise<number> {
  const open = (): Rack => Rack.open(ID);
  const [name = ''] = words;
  switch (command) {
    case 'up':
      return up(words);
    case 'down':
      await open().down();
      return 0;
    case 'status':
      return status(open());
    case 'console':
      return attach(`${open().dir}/${name}.console`);
    case 'run': {
      const { status: code, out, err } = await open().tryRun(name, words.slice(1).join(' '));
      process.stdout.write(out);
      process.stderr.write(err);
      return code;
    }
    case 'pdu':
      return servePdu(Rack.open(name));
    case 'other-site':
      return serveOtherSite(Rack.open(name), say);
    case 'capture':
      return capture(words, () => Rack.open(ID));
    case 'raid-transitions':
      return transitions(open(), Number(name === '' ? 200 : name));
    case 'power-kills':
      return powerKills(Number(name === '' ? 100 : name));
    case 'break':
      return breakSomething(open(), name, words.slice(1));
    case 'power':
      return power(open(), name, words[1]);
    default:
      process.stderr.write(USAGE);
      return command === undefined || command === '--help' ? 0 : 2;
  }
}

async function up(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      pis: { type: 'string', default: '2' },
      bare: { type: 'boolean', default: false },
      id: { type: 'string', default: ID },
      /** It ends with this process, which then stays. */
      owned: { type: 'boolean', default: false },
    },
  });
  const { id, owned: isOwned } = values;
  const pis = Number(values.pis);
  const startedAtMs = performance.now();
  const seconds = (): string => `${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`;
  const withAgents = !values.bare;
  const rack = await Rack.start({ id, pis, isOwned, withAgents, checkout: CHECKOUT, say });
  await rack.ready();
  say(`every guest is up after ${seconds()}`);
  if (withAgents) {
    await rack.controller.connected(rack.guestNames, 120_000);
    say(`every agent reports after ${seconds()}`);
    say(`try: node dist/bramble.mjs --socket ${rack.controller.adminSocket} get nodes`);
  }
  return 0;
}

async function status(rack: Rack): Promise<number> {
  const seen = new Map((await rack.controller.nodesIfAny()).map((node) => [node.name, `${node.state}: ${node.why}`]));
  for (const name of rack.guestNames) {
    process.stdout.write(`${name.padEnd(12)} ${rack.isOn(name) ? 'on ' : 'off'}  ${seen.get(name) ?? ''}\n`);
  }
  return 0;
}

const ARRAYS = 4;
const RESTART_EVERY = 10;

async function transitions(rack: Rack, count: number): Promise<number> {
  const done = await raidTransitions(rack, {
    arrays: ARRAYS,
    transitionsEach: Math.ceil(count / ARRAYS),
    restartEvery: RESTART_EVERY,
    onTransition: ({ array, number, step, toldAfterMs, isAcrossRestart }) => {
      const note = isAcrossRestart ? ' (the agent was away)' : '';
      process.stdout.write(`${array} ${number} ${step}: ${toldAfterMs ?? 'never'} ms${note}\n`);
    },
  });
  const { problems, ...summary } = summarise(done);
  const { transitionsCount, acrossRestartsCount, medianMs, slowestMs, lateCount, missedCount, surplusCount } = summary;
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.stdout.write(
    `${transitionsCount} transitions, ${acrossRestartsCount} of them while the agent was away; told after ${medianMs} ms ` +
      `(median), ${slowestMs} ms (slowest); ${lateCount} late, ${missedCount} missed, ${surplusCount} told twice\n`,
  );
  return problems.length === 0 ? 0 : 1;
}

const KILLED_AT_ONCE = 20;

async function powerKills(count: number): Promise<number> {
  const cycles = await killedCycles(count, { checkout: CHECKOUT, atOnce: KILLED_AT_ONCE });
  const dark = cycles.filter(({ darkMs }) => darkMs === undefined).map(({ port }) => port);
  const longestMs = Math.max(...cycles.map(({ darkMs = 0 }) => darkMs));
  const words = `${cycles.length} agents were killed between off and on; ${dark.length} ports were left dark`;
  process.stdout.write(
    `${words} ${dark.join(' ')}; the others gave power again after ${Math.round(longestMs)} ms at most\n`,
  );
  return dark.length === 0 ? 0 : 1;
}

async function breakSomething(rack: Rack, fault: string, words: readonly string[]): Promise<number> {
  process.stdout.write(await breaks(rack, fault, ...words));
  return 0;
}

async function power(rack: Rack, name: string, wish: string | undefined): Promise<number> {
  if (wish !== 'on' && wish !== 'off' && wish !== 'cycle') throw new Error('power takes on, off or cycle');
  if (wish !== 'on') await rack.powerOff(name);
  if (wish !== 'off') await rack.powerOn(name);
  return 0;
}

/** This terminal on a guest's console, byte by byte. */
function attach(socketPath: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const leave = (): void => {
      if (process.stdin.isTTY) process.stdin.setRawMode(false);
      process.stdin.pause();
      socket.destroy();
      resolve(0);
    };
    socket.once('error', reject);
    socket.once('close', leave);
    if (process.stdin.isTTY) process.stdin.setRawMode(true);
    process.stdin.on('data', (bytes: Buffer) => {
      if (bytes.includes(LEAVE)) leave();
      else socket.write(bytes);
    });
    socket.pipe(process.stdout, { end: false });
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  say(thrown instanceof Error ? thrown.message : String(thrown));
  process.exitCode = 1;
}
