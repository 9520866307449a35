/** The contract with scripts: what the exit code means, where words go, and what they are. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../proto/contract/errors.js';
import { nodeId } from '../../proto/contract/ids.js';
import { by } from '../usecases/testing/by.js';
import { NODE_1 } from '../web/testing/fixtures.js';
import { EXIT } from './errors.js';
import { CliBench } from './testing/bench.js';
import { runCommandLine } from './testing/host.js';
import type { Transport } from './transport.js';

test('the exit codes are those that are documented', () => {
  expect(EXIT).toEqual({
    ...{ ok: 0, failure: 1, usage: 2, notFound: 3, permission: 4, conflict: 5, refusedBySafetyGate: 6, timeout: 7 },
    ...{ partial: 8, differences: 9, interrupted: 130 },
  });
});

/** A controller that refuses everything with this. */
function refusing(envelope: unknown, status = 400): Transport {
  const text = JSON.stringify(envelope);
  return {
    request: async () => ({ status, text }),
    download: async () => ({ status, content: new TextEncoder().encode(text) }),
    stream: async function* () {},
  };
}

const MEANING = {
  'invalid-argument': 2,
  'not-found': 3,
  unauthenticated: 4,
  'permission-denied': 4,
  'already-exists': 5,
  'failed-precondition': 5,
  aborted: 5,
  'deadline-exceeded': 7,
  cancelled: 130,
  unavailable: 1,
  'resource-exhausted': 1,
  'data-loss': 1,
  unsupported: 1,
  internal: 1,
} as const satisfies Record<ErrorCode, number>;

describe('a refusal of the controller', () => {
  test.for(Object.entries(MEANING))('%s ends with %i, words on standard error alone', async ([code, exit]) => {
    const envelope = { code, message: 'the message', hint: 'the hint', requestId: 'r-1', details: { field: 'x' } };
    const connect = () => refusing(envelope);
    const words = await runCommandLine(['get', 'nodes'], '/none', { connect });
    expect(words).toMatchObject({ code: exit, out: '' });
    expect(words.err).toMatch(/^error: (this is a bug: )?the message\n {2}what to do: the hint\n/);
    const json = await runCommandLine(['get', 'nodes', '-o', 'json'], '/none', { connect });
    expect(json).toMatchObject({ code: exit, out: '' });
    expect(JSON.parse(json.err)).toEqual({
      ...{ code, hint: 'the hint', requestId: 'r-1', details: expect.objectContaining({ field: 'x' }) },
      message: code === 'internal' ? 'this is a bug: the message' : 'the message',
    });
  });

  test('a code of a later release is a failure, and no envelope at all is one too', async () => {
    const later = { code: 'of-the-future', message: 'm', requestId: 'r' };
    expect(await runCommandLine(['get', 'nodes'], '/none', { connect: () => refusing(later) })).toMatchObject({
      code: 1,
    });
    const proxy = { connect: () => refusing('<html>', 502) };
    const outcome = await runCommandLine(['get', 'nodes'], '/none', proxy);
    expect(outcome).toMatchObject({ code: 1, out: '', err: expect.stringContaining('status 502') });
  });

  test('a gate of the controller is a gate here', async () => {
    const envelope = { code: 'failed-precondition', message: 'm', requestId: 'r', details: { gate: 'blast-radius' } };
    const outcome = await runCommandLine(['get', 'nodes'], '/none', { connect: () => refusing(envelope) });
    expect(outcome).toMatchObject({ code: 6, out: '' });
  });
});

describe('wrong words', () => {
  const run = (line: string) => runCommandLine(line.split(' '), '/none');

  test.for([
    ['gte nodes', "unknown command 'gte'", 'Did you mean get?'],
    ['get node', "unknown command 'node'", 'Did you mean nodes?'],
    ['get nodes --wathc', "unknown option '--wathc'", 'Did you mean --watch?'],
    ['node reboot pi-01 --confrim pi-01', "unknown option '--confrim", 'Did you mean --confirm?'],
    ['--outptu json get nodes', "unknown option '--outptu'", 'Did you mean --output?'],
    ['get nodes -o xml', "'xml' is invalid", 'Allowed choices are table, wide, json, yaml, name'],
    ['describe node', "missing required argument 'name|id'", '--help'],
    ['get nodes pi-01', 'too many arguments', '--help'],
    ['token create --site a', "required option '--kind <kind>' not specified", '--help'],
    ['node maintain pi-01 --reason x --for soon', 'It must be a duration such as 90s', '--help'],
  ] as const)('%s ends with 2, says what is wrong and what was meant', async ([line, wrong, way]) => {
    const { code, out, err } = await run(line);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(wrong);
    expect(err).toContain(way);
  });

  test('a noun without a verb shows its verbs, on standard error', async () => {
    const { code, out, err } = await run('node');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('restart-unit');
  });

  test('with -o json they are an envelope too, with the suggestion as the hint', async () => {
    const { code, out, err } = await run('get node -o json');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    const hint = 'Did you mean nodes?';
    expect(JSON.parse(err)).toEqual({ code: 'invalid-argument', message: "unknown command 'node'", hint, details: {} });
    const missing: unknown = JSON.parse((await run('describe node -o yaml')).err);
    expect(missing).toMatchObject({ code: 'invalid-argument', hint: '--help lists what there is' });
  });
});

describe('what is done to the fleet', () => {
  let bench: CliBench;
  beforeEach(async () => {
    bench = await CliBench.start(await mkdtemp(join(tmpdir(), 'bramble-exit-')));
  });
  afterEach(() => bench.close());

  test.for([
    ['node reboot pi-01', '--confirm=pi-01'],
    ['node revoke pi-01 --reason x', '--confirm=pi-01'],
    ['raid replace pi-01 md0 sda3 sdc3', '--confirm=pi-01'],
    ['site delete cam', '--confirm=cam'],
    ['token revoke abcdefgh', '--confirm=abcdefgh'],
    ['api-token revoke abcdefgh', '--confirm=abcdefgh'],
    ['restore b --data /d', '--confirm=/d'],
    ['promote --reason x', '--confirm=controller.example'],
  ] as const)('%s is severe: without %s it ends with 6, and with another name too', async ([line, confirm]) => {
    for (const words of [line, `${line} --confirm=another`]) {
      const { code, out, err } = await bench.run(words.split(' '));
      expect({ code, out }, words).toEqual({ code: 6, out: '' });
      expect(err).toContain(confirm);
    }
    expect(bench.options.fleet.calls).toEqual([]);
  });

  test('progress is said on standard error of a terminal alone, and leaves nothing behind', async () => {
    const { fleet } = bench.options;
    const order = { action: { kind: 'restart-unit', unit: 'x.service' }, reason: 'x', validForMs: 1_000 } as const;
    const issued = await fleet.issueCommand(nodeId(NODE_1), order, by('kim'));
    fleet.command = async () => issued;
    const line = ['node', 'restart-unit', 'pi-01', 'x.service', '--timeout', '3s'];
    const quiet = await bench.run(line);
    expect(quiet).toMatchObject({ code: 7, err: '' });
    const seen = await bench.run(line, { errIsTerminal: true });
    expect(seen.err).toContain('pi-01: restart x.service');
    expect(seen.err.endsWith('\r\u001b[2K')).toBe(true);
    expect(seen.out).toBe(quiet.out);
  });
});
