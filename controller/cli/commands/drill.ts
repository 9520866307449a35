import { InvalidArgumentError } from 'commander';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { assertConfirmed } from '../confirm.js';
import type { CliContext } from '../context.js';
import {
  candidates,
  chooseSample,
  type DrillKind,
  type DrillTarget,
  isWorkingTime,
  obstacles,
  sampleSize,
} from '../drills/prepare.js';
import { reportOf, reportText } from '../drills/report.js';
import { runDrill } from '../drills/run-drill.js';
import { EXIT, refusedBySafetyGate } from '../errors.js';
import { renderData } from '../output.js';
import { DEFAULT_REASON, durationMs, type Register } from './register.js';

const WITHIN_MS = 5 * 60_000;
const AWAY_MS = { min: 10_000, max: 600_000, usual: 60_000 } as const;

interface DrillOptions {
  readonly site: string;
  readonly sample: string;
  readonly within: number;
  readonly reason: string;
  readonly confirm?: string;
  readonly anyTime?: boolean;
  /** Of an uplink only. */
  readonly for?: number;
}

const KINDS: readonly (readonly [DrillKind, string])[] = [
  ['power-cycle', 'Cut the power of some Pis by their switch, one after another, and see whether they come back'],
  ['uplink', 'Have some agents act as though their uplink were gone, and see whether they come back by themselves'],
  ['fileserver', 'Restart a fileserver, and see whether everybody who lives on it comes through'],
];

/** `bramble drill ...`: finds out on a quiet day whether what must help on a bad one does. */
export const registerDrill: Register = (program, run) => {
  const drill = program
    .command('drill')
    .description('Find out on a quiet day whether what must help on a bad one does');
  for (const [kind, description] of KINDS) {
    const command = drill
      .command(kind)
      .description(description)
      .requiredOption('--site <site>', 'where')
      .option('--sample <share>', 'how many take part, such as 5% or 3; one at least', '5%')
      .option('--within <duration>', 'how fast is fast enough', durationMs, WITHIN_MS)
      .option('--any-time', 'also when nobody may be there to see to it')
      .option('--reason <text>', 'why', DEFAULT_REASON)
      .option('--confirm <name>', 'the name of the site, once more');
    if (kind === 'uplink')
      command.option('--for <duration>', 'how long they stay away, 10s to 10m', awayMs, AWAY_MS.usual);
    command.action((options: DrillOptions) => run((context) => drillSite(context, kind, options)));
  }
};

async function drillSite(context: CliContext, kind: DrillKind, options: DrillOptions): Promise<number> {
  const { site, within: withinMs, reason, confirm, anyTime } = options;
  const targets = await prepare(context, kind, options);
  const names = targets.map(({ node }) => visible(node.name)).join(', ');
  assertConfirmed({ name: site, would: 'hold a drill at', also: `, with ${names}` }, confirm);
  const nowMs = context.nowMs();
  if (anyTime !== true && !isWorkingTime(nowMs, -new Date(nowMs).getTimezoneOffset())) {
    throw refusedBySafetyGate(
      'a drill is for working days between 9 and 16 o’clock: somebody must be there if it goes wrong',
      'wait, or say --any-time',
    );
  }
  const { format } = context.screen;
  const isText = format !== 'json' && format !== 'yaml';
  context.host.err(
    `THIS IS A DRILL: ${kind} at site ${visible(site)}, ${names}. Ctrl-C stops it before the next one.\n`,
  );
  const terms = { kind, site, withinMs, reason, awayMs: options.for ?? AWAY_MS.usual };
  const quiet = isText ? context : { ...context, out: () => undefined };
  const results = await runDrill(quiet, targets, terms);
  const report = reportOf(terms, targets, results);
  context.out(`${isText ? reportText(report, targets, withinMs) : renderData(report, format)}\n`);
  return report.passed ? EXIT.ok : EXIT.partial;
}

function awayMs(text: string): number {
  const ms = durationMs(text);
  if (ms >= AWAY_MS.min && ms <= AWAY_MS.max) return ms;
  throw new InvalidArgumentError('An agent stays away for 10s to 10m.');
}

/** @throws BrambleError `failed-precondition` with everything that stands against it */
async function prepare(context: CliContext, kind: DrillKind, options: DrillOptions): Promise<readonly DrillTarget[]> {
  const { api } = context;
  const { site, sample } = options;
  const [nodes, { topology }, healing, { incidents }] = await Promise.all([
    api.nodes({ site }),
    api.healing.topology(),
    api.healing.status(),
    api.healing.incidents.list('open', 200),
  ]);
  const inService = nodes.filter(({ state }) => state !== 'revoked');
  const seen = { site, nodes: inService, topology, healing, incidents };
  const against = obstacles(seen);
  if (against.length > 0) {
    throw new BrambleError(
      'failed-precondition',
      `no drill now: ${against.map((one) => visible(one, 300)).join('; ')}`,
      {
        hint: 'a drill on top of real trouble only hides it',
      },
    );
  }
  const all = candidates(kind, seen);
  const size = sampleSize(sample, all.length);
  if (size === undefined) {
    const why =
      all.length === 0 ? 'the topology has nobody there who is ready' : `--sample ${visible(sample, 20)} is no share`;
    throw new BrambleError(all.length === 0 ? 'failed-precondition' : 'invalid-argument', why, {
      hint: 'a sample is 5% or 3; `bramble topology get` shows what stands where',
    });
  }
  return chooseSample(all, size, context.nowMs());
}
