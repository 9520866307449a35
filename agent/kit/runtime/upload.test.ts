import { expect, test } from 'vitest';
import { BrambleError, type ErrorCode } from '../../../proto/contract/errors.js';
import type { Host, TlsIdentity } from '../host/ports.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { upload } from './upload.js';

const never = new AbortController().signal;
const TLS: TlsIdentity = { certificateChainPem: '', privateKeyPem: '', trustRootsPem: '', clockFloorMs: 0 };
const FILE = { commandId: 'c', name: 'a.tar.gz', content: new Uint8Array([1, 2, 3]) };

/** Controllers that answer with these codes, one after the other; then with a receipt. */
function setUp(answers: readonly ErrorCode[], endpoints: readonly string[] = ['a:1', 'b:1']) {
  const world = new SimWorld(1);
  const sim = makeSimHost(world, 'node');
  const asked: string[] = [];
  const sent: Uint8Array[] = [];
  const net: Host['net'] = {
    ...sim.net,
    upload: async (endpoint, _tls, header, content) => {
      const code = answers[asked.length];
      asked.push(endpoint);
      expect([header.sizeBytes, header.sha256.length]).toEqual([3, 32]);
      for await (const part of content) sent.push(part);
      if (code !== undefined) throw new BrambleError(code, code);
      return { storedBytes: 3 };
    },
  };
  const options = { host: { ...sim, net }, identity: () => ({ tls: TLS, endpoints }) };
  return { world, asked, sent, run: () => world.settle(upload(options, FILE, never)) };
}

test('the content goes to the first controller that takes it, whole each time', async () => {
  const { asked, sent, run } = setUp(['unavailable']);
  await run();
  expect(asked).toEqual(['a:1', 'b:1']);
  expect(sent).toEqual([FILE.content, FILE.content]);
});

test('when none takes it, they are asked again after a while, and then it has failed', async () => {
  const { world, asked, run } = setUp(Array.from({ length: 9 }, () => 'unavailable' as const));
  await expect(run()).rejects.toMatchObject({ code: 'unavailable' });
  expect([asked.length, world.nowMs]).toEqual([6, 25_000]);
});

test('an upload whose receipt was lost is there already: that is a success', async () => {
  const { asked, run } = setUp(['deadline-exceeded', 'already-exists']);
  await run();
  expect(asked).toEqual(['a:1', 'b:1']);
});

test.for<ErrorCode>(['permission-denied', 'resource-exhausted', 'invalid-argument'])(
  '%s is an answer',
  async (code) => {
    const { asked, run } = setUp([code]);
    await expect(run()).rejects.toMatchObject({ code });
    expect(asked).toEqual(['a:1']);
  },
);

test('without a controller there is nobody to upload to', async () => {
  await expect(setUp([], []).run()).rejects.toMatchObject({ code: 'unavailable' });
});
