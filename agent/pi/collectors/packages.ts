import { BrambleError } from '../../../proto/contract/errors.js';
import type { Collected, Collector, CollectorHost } from '../../kit/collect/collector.js';
import { noData, ok } from '../../kit/collect/collector.js';
import { Samples, wholeNumber } from '../../kit/collectors/sample.js';
import { makeDailyCollector } from './daily.js';

/** Installed packages for which the archives hold a newer version. */
export interface Upgrades {
  readonly upgradableCount: number;
  /** Those of them that come from a security archive. */
  readonly securityCount: number;
}

/** "Inst NAME [OLD] (NEW ORIGIN, ORIGIN [ARCHITECTURE])": OLD is missing for what is not installed yet. */
const INST = /^Inst \S+ (\[[^\]]+\] )?\(\S+ ?([^[\]()]*)(?: ?\[[^\]]+\])?\)/;
const SUMMARY =
  /^(\d+) upgraded, (\d+) newly installed, (?:\d+ reinstalled, )?(?:(\d+) downgraded, )?\d+ to remove and \d+ not upgraded\.$/m;
/** LABEL:VERSION/ARCHIVE: Debian labels the archive, Ubuntu names it. */
const SECURITY = /^Debian-Security:|-security$/;

/**
 * Parses what `apt-get -s dist-upgrade` would do, in the C locale. Source: apt-get(8), --simulate; apt apt-pkg/algorithms.cc,
 * pkgSimulate::Describe(). The summary comes before the lines that it counts, so that a cut output is noticed.
 * @throws BrambleError `data-loss` when the output is cut short or has another form.
 */
export function parseUpgrades(text: string): Upgrades {
  const summary = SUMMARY.exec(text);
  if (summary === null || !text.endsWith('\n')) throw strange();
  const [, upgraded, installed, downgraded = '0'] = summary;
  const [upgradedCount = 0, ...others] = [upgraded, installed, downgraded].map((digits) =>
    wholeNumber(digits, 'apt-get summary'),
  );
  const lines = text.split('\n').filter((line) => line.startsWith('Inst '));
  if (lines.length !== others.reduce((sum, count) => sum + count, upgradedCount)) throw strange();
  let securityCount = 0;
  for (const line of lines) {
    const found = INST.exec(line);
    if (found === null) throw strange();
    const isUpgrade = found[1] !== undefined;
    if (isUpgrade && (found[2] ?? '').split(/,? /).some((origin) => SECURITY.test(origin))) securityCount += 1;
  }
  return { upgradableCount: upgradedCount, securityCount };
}

function strange(): BrambleError {
  return new BrambleError('data-loss', 'apt-get: its list of upgrades is cut short or of another form');
}

/** Takes 6 s on a PC and some minutes on the first Pis. */
const TIMEOUT_MS = 600_000;
/** apt-get was measured at 80 MiB (Debian 12, one architecture); running out of memory would end the agent. */
export const MEMORY_NEEDED_BYTES = 128 * 2 ** 20;

/**
 * How far behind its archives the system is, once a day. It asks a program, because the files of dpkg and apt are no
 * interface; about the lists that are there, and nothing is fetched.
 */
export function makePackagesCollector(): Collector {
  return makeDailyCollector({
    name: 'packages',
    program: 'apt-get',
    timeoutMs: TIMEOUT_MS,
    neededBytes: MEMORY_NEEDED_BYTES,
    ask: countUpgrades,
  });
}

async function countUpgrades({ exec }: CollectorHost, signal: AbortSignal): Promise<Collected> {
  const argv = ['apt-get', '-s', '-o', 'Debug::NoLocking=1', 'dist-upgrade'] as const;
  const answer = await exec.run(argv, { signal, timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
    if (error instanceof BrambleError && error.code === 'not-found') return undefined;
    throw error;
  });
  if (answer === undefined) return noData('no apt-get');
  if (answer.status !== 0) {
    const said = answer.stderr.split('\n').find((line) => line.startsWith('E: ')) ?? 'it did not say why';
    const hint = 'run `apt-get -s dist-upgrade` on the node and mend what it complains about';
    throw new BrambleError('failed-precondition', `apt-get failed: ${said.slice(0, 200)}`, { hint });
  }
  const { upgradableCount, securityCount } = parseUpgrades(answer.stdout);
  const samples = new Samples();
  samples.number('packages_upgradable_count', upgradableCount);
  samples.number('packages_security_count', securityCount);
  return ok(samples.list);
}
