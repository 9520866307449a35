import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sitePis } from '../../agent/demo/pi-spec.js';
import { DemoAnswer } from '../../proto/contract/api/demo.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { HttpTransport } from '../cli/transport.js';
import { DemoBreaks, isDiskless } from './demo-breaks.js';

const PIS = 24;
let dir = '';
let breaks: DemoBreaks;
let mended: readonly string[] = [];
let images: string[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bramble-demo-'));
  const onMended = async (names: readonly string[]): Promise<void> => {
    mended = names;
  };
  const places = { socketPath: join(dir, 'demo.sock'), breaksFile: join(dir, 'breaks.json') };
  images = [];
  const badImage = {
    bring: async (node: string | undefined) => {
      if (images.at(-1) === 'brought') throw new BrambleError('failed-precondition', 'it is being rolled out already');
      images.push(node ?? 'brought');
    },
    takeBack: async () => {
      images.push('taken back');
    },
  };
  breaks = new DemoBreaks({ ...places, pis: PIS, fileserver: 'demo-fs', badImage, onMended });
  await breaks.start();
});
afterEach(async () => {
  await breaks.stop();
  await rm(dir, { recursive: true, force: true });
});

async function tell(order: object): Promise<{ readonly status: number; readonly text: string }> {
  const transport = new HttpTransport({ kind: 'socket', path: join(dir, 'demo.sock') }, 'kim');
  return await transport.request('POST', '/', order, AbortSignal.timeout(5_000));
}
const broken = async (): Promise<unknown> => JSON.parse(await readFile(join(dir, 'breaks.json'), 'utf8'));

test('which Pis have no card is known here as it is to the programs of the site', () => {
  const known = sitePis(20_261, PIS).map(({ card }) => card === undefined);
  expect(known).toEqual(Array.from({ length: PIS }, (_, index) => isDiskless(index)));
});

test('what is broken stays so until it is mended, and somebody says that it is repaired', async () => {
  const answer = await tell({ kind: 'break', what: 'hang' });
  expect(DemoAnswer.parse(JSON.parse(answer.text)).said).toContain('demo-02');
  await tell({ kind: 'break', what: 'fail-disk' });
  await tell({ kind: 'break', what: 'fail-disk' });
  await tell({ kind: 'break', what: 'cut-uplink' });
  expect(await broken()).toEqual(['1 hang demo-02', '2 fail-disk demo-fs', '3 cut-uplink demo']);
  await tell({ kind: 'mend' });
  expect([await broken(), mended]).toEqual([[], ['demo-02', 'demo-fs', 'demo']]);
});

test('a Pi that was healed can hang once more', async () => {
  await tell({ kind: 'break', what: 'hang', node: 'demo-07' });
  await tell({ kind: 'break', what: 'hang', node: 'demo-07' });
  expect(await broken()).toEqual(['2 hang demo-07']);
});

test('a bad image comes and goes by the ways of the controller, and what it refuses is told', async () => {
  expect((await tell({ kind: 'break', what: 'bad-image' })).status).toBe(200);
  expect(await broken()).toEqual(['1 bad-image demo-02']);
  expect((await tell({ kind: 'break', what: 'bad-image' })).status).toBe(409);
  await tell({ kind: 'mend' });
  await tell({ kind: 'mend' });
  await tell({ kind: 'break', what: 'bad-image', node: 'demo-07' });
  expect(images).toEqual(['brought', 'taken back', 'demo-07']);
  expect((await tell({ kind: 'break', what: 'bad-image', node: 'demo-01' })).status).toBe(400);
});

test('a Pi that cannot break that way is refused, with those that can', async () => {
  const { status, text } = await tell({ kind: 'break', what: 'kill-sd', node: 'demo-02' });
  expect(status).toBe(400);
  expect(JSON.parse(text)).toMatchObject({ code: 'invalid-argument', hint: expect.stringContaining('demo-01') });
  expect((await tell({ kind: 'break', what: 'earthquake' })).status).toBe(400);
  expect(await broken()).toEqual([]);
});
