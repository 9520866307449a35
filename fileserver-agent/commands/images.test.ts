import { expect, test } from 'vitest';
import type { ImageStanding } from '../../agent/kit/host/image-link.js';
import { actionHost } from '../../agent/kit/testing/action-host.js';
import { makeSimHost } from '../../agent/kit/testing/sim-host.js';
import { SimWorld } from '../../agent/kit/testing/sim-world.js';
import { DIGEST_BYTES, digestOf } from '../../proto/contract/images/digest.js';
import type { Progress } from '../../proto/contract/progress.js';
import { type AskedImages, makePullImage } from './images.js';

const never = new AbortController().signal;
const bytes = Buffer.alloc(DIGEST_BYTES, 7);
const image = digestOf(bytes);

/** A keeper that says what it is told to say, and an order to it. */
function setUp() {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'fs');
  const wanted: string[] = [];
  const left: string[] = [];
  const now: { standing: ImageStanding | undefined } = { standing: undefined };
  const is = (progress: ImageStanding['progress'], doneBytes = 0, detail = ''): void => {
    now.standing = { image, progress, doneBytes, totalBytes: 1_000, detail };
  };
  const keeper: AskedImages = {
    want: async (each) => {
      wanted.push(each);
      is('pulling');
      return 'comes';
    },
    leave: async (each) => {
      left.push(each);
    },
    standing: async () => now.standing,
    forget: async () => undefined,
    find: async () => undefined,
  };
  const stop = new AbortController();
  const told: Progress[] = [];
  const context = actionHost(host, { stopped: stop.signal, tell: (progress) => told.push(progress) });
  const handler = makePullImage(keeper);
  return { world, handler, context, now, is, stop, told, wanted, left };
}

test('an order to pull tells percent and bytes, and ends when the image is here', async () => {
  const { world, handler, context, is, told, wanted } = setUp();
  const running = handler.run({ image: bytes }, context, never);
  await world.runFor(2_000);
  is('pulling', 500);
  await world.runFor(2_000);
  is('failed', 640, 'the connection broke');
  await world.runFor(2_000);
  is('held', 1_000);
  expect(await world.settle(running)).toEqual({ kind: 'succeeded', detail: 'it is here' });
  expect(wanted).toEqual([image]);
  expect(new Set(told.map(({ percent }) => percent))).toEqual(new Set([0, 50, 64]));
  expect(told.at(-1)).toEqual({ percent: 64, doneBytes: 640, totalBytes: 1_000 });
});

test('one that is cancelled ends the pull; what has come stays for the next', async () => {
  const { world, handler, context, is, stop, left } = setUp();
  const running = handler.run({ image: bytes }, context, never);
  await world.runFor(1_500);
  is('pulling', 500);
  stop.abort();
  expect(await world.settle(running)).toMatchObject({ kind: 'failed', detail: expect.stringContaining('cancelled') });
  expect(left).toEqual([image]);
});

test('one that a restart cut off is followed on, and never asked for anew', async () => {
  const { world, handler, context, is, wanted } = setUp();
  is('pulling', 500);
  const running = handler.observe({ image: bytes }, '', context, never);
  await world.runFor(3_000);
  is('held');
  expect(await world.settle(running)).toMatchObject({ kind: 'succeeded' });
  expect(wanted).toEqual([]);
});

test.for<[string, (each: ReturnType<typeof setUp>) => void, string]>([
  ['that may not be used here', ({ is }) => is('refused', 0, 'no key that is trusted here'), 'no key that is trusted'],
  [
    'that somebody else had forgotten',
    ({ now }) => {
      now.standing = undefined;
    },
    'nobody asks for it any more',
  ],
])('the pull of an image %s fails, and says so', async ([, happens, words]) => {
  const each = setUp();
  const running = each.handler.run({ image: bytes }, each.context, never);
  await each.world.runFor(1_500);
  happens(each);
  expect(await each.world.settle(running)).toMatchObject({ kind: 'failed', detail: expect.stringContaining(words) });
});

test('what is no digest is refused', async () => {
  const { handler, context } = setUp();
  const refusal = await handler.check({ image: Buffer.alloc(5) }, context, never);
  expect(refusal).toMatchObject({ kind: 'rejected', reason: 'invalid-argument' });
});
