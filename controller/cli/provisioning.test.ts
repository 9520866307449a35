import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Saga } from '../domain/provisioning/saga.js';
import { stepsOf } from '../domain/provisioning/steps.js';
import { DEFAULT_TERMS, type Rollout, wavesOf } from '../domain/rollout/rollout.js';
import { NOW_MS } from '../web/testing/fixtures.js';
import { CliBench } from './testing/bench.js';

let bench: CliBench;

beforeEach(async () => {
  bench = await CliBench.start(await mkdtemp(join(tmpdir(), 'bramble-cli-')));
});
afterEach(() => bench.close());

const WISH: Saga['wish'] = { image: 'img', dataBytes: 1, freshData: false, rescue: 'there', authorizedKeys: [] };
const [PREPARE, ...OTHERS] = stepsOf('reimage', WISH);

const SAGA: Saga = {
  ...{ id: '019a8f3e-0000-7000-8000-000000000002', kind: 'reimage', wish: WISH, direction: 'back', state: 'undone' },
  target: {
    ...{ node: 'pi-01', site: 'cam', fileserver: 'fs-1', plug: { switch: 'sw-1', port: 1 }, interfaceName: 'swp1' },
    ...{ rootSerial: '00000001', boardSerial: '00000001', generation: 1, previousGeneration: 0, spare: undefined },
  },
  steps:
    PREPARE === undefined
      ? []
      : [
          { ...PREPARE, state: 'undone', detail: 'prepared', startedAtMs: NOW_MS, endedAtMs: NOW_MS + 58_000 },
          ...OTHERS,
        ],
  ...{ why: 'follow its boot: no', abort: '', actor: 'kim', reason: 'news', owner: '' },
  ...{ startedAtMs: NOW_MS, atMs: NOW_MS },
};

test('the steps of a node: each with its state and its time, and why it went back', async () => {
  await bench.options.store.transact((writer) => writer.provisioning.putSaga(SAGA));
  const { code, out } = await bench.run(['node', 'steps', 'pi-01']);
  expect(code).toBe(1); // it was taken back
  expect(out).toContain('pi-01: reimage undone (follow its boot: no)');
  expect(out).toMatch(/prepare a root +undone +58 s +prepared/);
  expect((await bench.run(['node', 'steps', 'pi-01', '-w'])).out).toContain('prepare a root');
});

test('of a node that nothing was ever done with, and of one that nobody wrote down', async () => {
  expect((await bench.run(['node', 'steps', 'pi-02'])).err).toContain('nothing was ever under way with pi-02');
  const refused = await bench.run(['node', 'rollback', 'pi-01', '--confirm', 'pi-01']);
  expect(refused.code).not.toBe(0);
  expect(refused.err).toContain('nobody has written down what stands where');
});

test('a rollout: who has it, who is held, and in which wave', async () => {
  const nodes = wavesOf(['pi-01', 'pi-02'], DEFAULT_TERMS, NOW_MS);
  const rollout: Rollout = {
    ...{ id: '019a8f3e-0000-7000-8000-000000000003', name: 'bookworm', what: { kind: 'image', image: 'img' } },
    ...{ terms: DEFAULT_TERMS, state: 'running', wave: 0, waveEndedAtMs: undefined, nodes, why: '', actor: 'kim' },
    ...{ reason: 'news', startedAtMs: NOW_MS, atMs: NOW_MS },
  };
  await bench.options.store.transact((writer) => writer.provisioning.putRollout(rollout));
  expect((await bench.run(['rollout', 'status'])).out).toMatch(/bookworm +img +running +1 +0\/2/);
  expect((await bench.run(['rollout', 'status', 'bookworm'])).out).toMatch(/pi-02 +2 +waiting/);
  expect((await bench.run(['rollout', 'status', 'other'])).err).toContain('no rollout is called other');
});

test('a rollout wants something to roll out, and windows that are times', async () => {
  expect((await bench.run(['rollout', 'start', 'r', '--dry-run'])).err).toContain('an image or of a config');
  const window = await bench.run(['rollout', 'start', 'r', '--dry-run', '--window', 'at night']);
  expect(window.err).toContain('not a window');
});
