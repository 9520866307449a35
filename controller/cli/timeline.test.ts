import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { NOW_MS, nodeDetail } from '../web/testing/fixtures.js';
import type { CliHost } from './context.js';
import { CliBench } from './testing/bench.js';
import { HttpTransport } from './transport.js';

let bench: CliBench;

beforeEach(async () => {
  bench = await CliBench.start(await mkdtemp(join(tmpdir(), 'bramble-timeline-')));
});
afterEach(() => bench.close());

describe('events of a part of the fleet', () => {
  const names = (out: string) => [...out.matchAll(/^.*(one|two|three|four)$/gm)].map(([, name]) => name);
  beforeEach(() => {
    const { fleet } = bench.options;
    fleet.putNode(nodeDetail({ id: 'n-0000000000002', name: 'pi-02', site: 'ox' }));
    const add = (node: string | undefined, reason: string, message: string) =>
      fleet.addEvent({ atMs: NOW_MS, ...(node && { nodeId: node }), severity: 'info', reason, message });
    add(nodeDetail().id, 'KernelLogMatched', 'one');
    add(nodeDetail().id, 'NodeEnrolled', 'two');
    add('n-0000000000002', 'Netconsole', 'three');
    add(undefined, 'SiteCreated', 'four');
  });

  test.for([
    ['events', ['one', 'two', 'three', 'four']],
    ['events --node pi-01', ['one', 'two']],
    ['logs', ['one', 'three']],
    ['logs pi-01', ['one']],
    ['logs n-0000000000002', ['three']],
  ] as const)('%s', async ([line, expected]) => {
    const { code, out } = await bench.run(line.split(' '));
    expect([code, names(out)]).toEqual([0, expected]);
  });

  test('logs -w goes on with lines of logs alone', async () => {
    const interrupt = new AbortController();
    let out = '';
    const { fleet } = bench.options;
    const watching = bench.run(
      ['logs', 'pi-01', '-w'],
      {
        out: (text) => {
          out += text;
          if (text.includes('one')) {
            fleet.addEvent({
              atMs: NOW_MS,
              nodeId: nodeDetail().id,
              severity: 'info',
              reason: 'Other',
              message: 'two',
            });
            for (const [nodeId, message] of [
              ['n-0000000000002', 'three'] as const,
              [nodeDetail().id, 'four'] as const,
            ]) {
              fleet.addEvent({ atMs: NOW_MS, nodeId, severity: 'info', reason: 'Netconsole', message });
            }
          }
          if (text.includes('four')) interrupt.abort();
        },
      },
      interrupt.signal,
    );
    expect((await watching).code).toBe(130);
    expect(names(out)).toEqual(['one', 'four']);
  });

  test('a node and a site at once are wrong words', async () => {
    expect((await bench.run(['events', '--node', 'pi-01', '--site', 'cam'])).code).toBe(2);
  });
});

test('a node is found by its name or id without asking for the whole fleet', async () => {
  const asked: string[] = [];
  const connect: CliHost['connect'] = (where, actor) => {
    const real = new HttpTransport(where, actor);
    return {
      request: (method, path, body, signal) => {
        asked.push(path);
        return real.request(method, path, body, signal);
      },
      download: (path, signal) => real.download(path, signal),
      stream: (path, signal) => real.stream(path, signal),
    };
  };
  for (const word of ['pi-01', nodeDetail().id]) {
    expect((await bench.run(['why', word], { connect })).code).toBe(0);
  }
  const lists = asked.filter((path) => path.startsWith('/api/v1/nodes?'));
  expect(lists.length).toBeGreaterThan(0);
  for (const path of lists) expect(path).toMatch(/[?&]name=(pi-01|n-)/);
});

test.for(['watch nodes', 'watch sites', 'watch node pi-01', 'get sites -w'])(
  '%s shows it until it is interrupted',
  async (line) => {
    const interrupt = new AbortController();
    const sleep = async (): Promise<void> => {
      interrupt.abort();
      throw new BrambleError('cancelled', 'interrupted');
    };
    const { code, out } = await bench.run(line.split(' '), { sleep }, interrupt.signal);
    expect(code).toBe(130);
    expect(out).not.toBe('');
  },
);
