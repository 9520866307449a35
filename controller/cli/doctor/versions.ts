import { visible } from '../../../proto/contract/visible.js';
import { renderCount } from '../../../proto/contract/words.js';
import { type Check, type Finding, type Gathered, ofFacts } from './gathered.js';

/** Node.js releases below this get no more security fixes. */
const RUNTIME_MAJOR_MIN = 22;

/** This command and the controller speak the same API when they are of the same release. */
export const checkCliVersion: Check = ({ cliVersion, facts }: Gathered) => {
  if (facts === undefined || 'error' in facts) return [];
  const { version } = facts.value;
  const order = compareReleases(cliVersion, version);
  if (order === 0) {
    return [
      { check: 'cli-version', verdict: 'ok', message: `this command and the controller are ${visible(version)}` },
    ];
  }
  const [older, remedy] =
    order < 0 ? ['this command', 'upgrade it'] : ['the controller', 'upgrade it: a controller comes before its tools'];
  return [
    {
      check: 'cli-version',
      verdict: 'warn',
      message: `${older} is older: command ${cliVersion}, controller ${visible(version)}`,
      remedy,
    },
  ];
};

export const checkRuntime: Check = ofFacts(({ host: { runtime } }): readonly Finding[] => {
  const major = Number(/^v(\d+)\./.exec(runtime)?.[1] ?? 0);
  if (major >= RUNTIME_MAJOR_MIN) {
    return [{ check: 'runtime', verdict: 'ok', message: `the controller runs on Node.js ${visible(runtime)}` }];
  }
  return [
    {
      check: 'runtime',
      verdict: 'warn',
      message: `the controller runs on Node.js ${visible(runtime)}, which gets no more security fixes`,
      remedy: `use Node.js ${RUNTIME_MAJOR_MIN} or newer`,
    },
  ];
});

/** Agents may be older than their controller, never newer: a controller comes first. */
export const checkAgentVersions: Check = ofFacts(({ version, nodes: { agentVersions } }): readonly Finding[] => {
  const check = 'agent-versions';
  const countWhere = (wanted: (order: number) => boolean): number =>
    agentVersions
      .filter((each) => wanted(compareReleases(each.version, version)))
      .reduce((sum, { count }) => sum + count, 0);
  const [newer, older] = [countWhere((order) => order > 0), countWhere((order) => order < 0)];
  const all = countWhere(() => true);
  const found: Finding[] = [];
  if (newer > 0) {
    found.push({
      check,
      verdict: 'fail',
      message: `${renderCount(newer, 'agent')} of ${all} newer than the controller (${visible(version)})`,
      remedy: 'upgrade the controller; it comes before its agents',
    });
  }
  if (older > 0) {
    found.push({
      check,
      verdict: 'warn',
      message: `${renderCount(older, 'agent')} of ${all} older than the controller (${visible(version)})`,
      remedy: 'bramble get nodes -o wide shows which; upgrade them',
    });
  }
  if (found.length > 0) return found;
  return [{ check, verdict: 'ok', message: `${renderCount(all, 'agent')} of the controller’s release` }];
});

/** By major and minor number: patches of one release go together. Negative: `a` is older. */
export function compareReleases(a: string, b: string): number {
  const [aMajor, aMinor] = partsOf(a);
  const [bMajor, bMinor] = partsOf(b);
  return aMajor - bMajor || aMinor - bMinor;
}

/** What is no version is older than every one. */
function partsOf(version: string): readonly [number, number] {
  const match = /^(\d{1,9})\.(\d{1,9})\./.exec(version);
  return match === null ? [-1, -1] : [Number(match[1]), Number(match[2])];
}
