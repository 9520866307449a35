import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import { FACT_VALUE_MAX, FACTS, isTextFact, type Sample } from '../../../proto/contract/facts.js';
import { recordedTrees, type Tree } from '../../../test/fixtures/index.js';
import type { Collector, CollectorHost } from '../../kit/collect/collector.js';
import { parseMountInfo } from '../../kit/collectors/mount-table.js';
import type { KernelFiles } from '../../kit/host/ports.js';
import { quietProbe, values } from '../../kit/testing/collect-on.js';
import { makeSimHost } from '../../kit/testing/sim-host.js';
import { SimWorld } from '../../kit/testing/sim-world.js';
import { SimKernelFiles } from '../../sim/sim-kernel-files.js';
import { piCollectors } from './index.js';

/** `facts` are all that the Pi's own collectors say; `board` and `network` are of the collectors of every host. */
interface Expected {
  readonly facts: Readonly<Record<string, number | string>>;
}

const TREES = recordedTrees<Expected>('host');
const DAY_MS = 86_400_000;

/** Facts whose absence is checked as well as their value: what is unknown must be left out, never made up. */
const JUDGED =
  /^(board_(name|maker|soc|ram|bootloader|netboot|ethernet|poe|watchdog)|power_|temperature_|fan_|cpu_(frequency|governor)|pressure_|boot_(reason|crash)|reboot_|packages_|backup_|card_|disk_|ext4_|nfs_)/;

const signal = new AbortController().signal;

/** What all collectors say of a tree, and which of them failed. */
async function report(host: CollectorHost, collectors = piCollectors(quietProbe())) {
  const samples: Sample[] = [];
  const failed: string[] = [];
  for (const collector of collectors) {
    try {
      const collected = await collector.collect(host, signal);
      if (collected.kind === 'ok') samples.push(...collected.samples);
    } catch (error) {
      expect(error).toBeInstanceOf(BrambleError);
      failed.push(collector.name);
    }
  }
  return { samples, failed };
}

const hostOf = (tree: Tree) => makeSimHost(new SimWorld(1), 'node', { kernel: tree });

test.for(TREES)('$name says what it should, and nothing that nobody can know', async ({ input, expected: want }) => {
  const { samples, failed } = await report(hostOf(input));
  expect(failed).toEqual([]);
  const facts = values({ kind: 'ok', samples });
  expect(Object.fromEntries(Object.entries(facts).filter(([name]) => JUDGED.test(name)))).toEqual(
    Object.fromEntries(Object.entries(want.facts).filter(([name]) => JUDGED.test(name))),
  );
  expect(facts).toMatchObject(want.facts);
});

test.for(TREES)('$name gives no fact twice, and none that the contract does not carry', async ({ input }) => {
  const { samples } = await report(hostOf(input));
  expectInContract(samples, (value) => Math.abs(value) <= FACT_VALUE_MAX);
  const series = samples.map(({ fact, instance }) => `${fact} ${instance}`);
  expect(series.filter((name, at) => series.indexOf(name) !== at)).toEqual([]);
});

function expectInContract(samples: readonly Sample[], isNumber: (value: number) => boolean): void {
  for (const { fact, instance, value } of samples) {
    if (!Object.hasOwn(FACTS, fact)) expect.unreachable(`${fact} is not in the contract`);
    const isRight = typeof value === 'string' ? isTextFact(fact) && value !== '' : !isTextFact(fact) && isNumber(value);
    if (!isRight) expect.unreachable(`${fact} ${instance}: ${value}`);
  }
}

/** Notes every path that is asked for. */
function watched(kernel: KernelFiles, note: (path: string) => void): KernelFiles {
  return {
    readText: (path, encoding) => {
      note(path);
      return kernel.readText(path, encoding);
    },
    list: (path) => {
      note(path);
      return kernel.list(path);
    },
    statFilesystem: (path) => {
      note(path);
      return kernel.statFilesystem(path);
    },
  };
}

describe('a dead fileserver holds no agent', () => {
  const mountsOf = (tree: Tree) =>
    parseMountInfo(tree['/proc/self/mountinfo'] ?? '').toSorted((a, b) => b.mountPoint.length - a.mountPoint.length);

  const isBelow = (path: string, mountPoint: string): boolean =>
    path === mountPoint || path.startsWith(mountPoint === '/' ? '/' : `${mountPoint}/`);

  /** Paths that a day of polls, first run apart, asks a fileserver for. */
  async function pathsOnNfs(tree: Tree, from: 'start' | 'second poll'): Promise<readonly string[]> {
    const world = new SimWorld(1);
    const sim = makeSimHost(world, 'node', { kernel: tree });
    const asked = new Set<string>();
    const host = { ...sim, kernel: watched(sim.kernel, (path) => asked.add(path)) };
    const collectors = piCollectors(quietProbe());
    await report(host, collectors);
    if (from === 'second poll') asked.clear();
    for (let poll = 0; poll < 3; poll++) {
      await world.runFor(DAY_MS);
      await world.settle(report(host, collectors));
    }
    const mounts = mountsOf(tree);
    return [...asked].filter((path) =>
      mounts.find(({ mountPoint }) => isBelow(path, mountPoint))?.type.startsWith('nfs'),
    );
  }

  const tree = (name: string): Tree => TREES.find((one) => one.name === name)?.input ?? {};

  test('a Pi with a share opens nothing on it, not even at its start', async () => {
    expect(Object.keys(tree('pi-4b')).some((path) => path.startsWith('/srv/shared/'))).toBe(true);
    expect(await pathsOnNfs(tree('pi-4b'), 'start')).toEqual([]);
  });

  test('a diskless Pi opens nothing on its root once it has started', async () => {
    expect(await pathsOnNfs(tree('pi-3b-nfs'), 'start')).toContain('/etc/os-release');
    expect(await pathsOnNfs(tree('pi-3b-nfs'), 'second poll')).toEqual([]);
  });
});

describe('damaged files', () => {
  const names = piCollectors(quietProbe()).map(({ name }) => name);
  const makeOne = (name: string): Collector => {
    const one = piCollectors(quietProbe()).find((collector) => collector.name === name);
    if (one === undefined) throw new Error(`no collector ${name}`);
    return one;
  };

  /** Files that a collector reads, once for each content that any tree gives them. */
  async function readBy(name: string) {
    const seen = new Set<string>();
    const files: { readonly tree: Tree; readonly path: string; readonly content: string }[] = [];
    for (const { input } of TREES) {
      const sim = hostOf(input);
      const paths = new Set<string>();
      const host = { ...sim, kernel: watched(sim.kernel, (path) => paths.add(path)) };
      await report(host, [makeOne(name)]);
      for (const path of paths) {
        const content = input[path];
        if (content === undefined || seen.has(`${path}\n${content}`)) continue;
        seen.add(`${path}\n${content}`);
        files.push({ tree: input, path, content });
      }
    }
    return files;
  }

  test.for(names)('%s takes every prefix of every file, and garbage, for data that is lost or absent', async (name) => {
    const sim = hostOf({});
    for (const { tree, path, content } of await readBy(name)) {
      const kernel = new SimKernelFiles(tree);
      const host = { ...sim, kernel };
      const garbage = fc.sample(fc.string({ unit: 'binary', maxLength: 60 }), { numRuns: 10, seed: content.length });
      const prefixes = Array.from({ length: content.length }, (_, end) => content.slice(0, end));
      for (const text of [...prefixes, ...garbage, `${garbage[0]}\n`, '\n', '-1\n', '999999999999999999999\n']) {
        kernel.set(path, text);
        // What is too large to travel is refused, and counted, where reports are made.
        expectInContract((await report(host, [makeOne(name)])).samples, (value) => !Number.isNaN(value));
      }
    }
  });
});
