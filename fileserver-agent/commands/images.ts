import type { ActionArguments, ActionHost, CommandHandler, Outcome, Refusal } from '../../agent/kit/command/handler.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { DIGEST_BYTES, digestOf, type ImageDigest } from '../../proto/contract/images/digest.js';
import type { ImageKeeper } from '../images/image-keeper.js';
import { askRoots } from '../roots/ask.js';

/** What of a fileserver's images commands change. */
export type AskedImages = Pick<ImageKeeper, 'want' | 'leave' | 'forget' | 'find' | 'standing'>;

/** A large image over a slow uplink, with outages: whoever waits longer looks at what the fileserver tells of its images. */
const PULL_MS = 24 * 3_600_000;
const LOOK_EVERY_MS = 1_000;

/**
 * Has an image come. It is remembered at once, and comes across restarts and outages, with this command or without; the command
 * tells how far it is, and ends when the image is here, every byte of it read. Ended earlier, the image comes no more.
 */
export function makePullImage(keeper: AskedImages): CommandHandler<ActionArguments<'pullImage'>> {
  return {
    requiresBootId: false,
    canStop: true,
    isAside: true, // for hours, and boards want to be repaired meanwhile
    runLimitMs: PULL_MS,
    observeLimitMs: PULL_MS,
    check: async ({ image }) => refuseOther(image),
    before: async () => '',
    async run({ image }, context, signal) {
      await keeper.want(digestOf(image));
      return follow(keeper, digestOf(image), context, signal);
    },
    observe: ({ image }, _, context, signal) => follow(keeper, digestOf(image), context, signal),
  };
}

/** Until it is here, or known not to come. What fails meanwhile is tried again by the keeper. */
async function follow(
  keeper: AskedImages,
  image: ImageDigest,
  { host, stopped, tell }: ActionHost,
  signal: AbortSignal,
): Promise<Outcome> {
  for (;;) {
    if (stopped.aborted) {
      await keeper.leave(image);
      return {
        kind: 'failed',
        detail: 'cancelled: it comes no more, and goes on from here when it is asked for again',
      };
    }
    const standing = await keeper.standing(image);
    if (standing === undefined) return { kind: 'failed', detail: 'nobody asks for it any more' };
    const { progress, doneBytes, totalBytes, detail } = standing;
    if (progress === 'held') return { kind: 'succeeded', detail: 'it is here' };
    if (progress === 'refused') return { kind: 'failed', detail };
    // 100 is what is here, and read.
    tell({ percent: Math.min(99, Math.floor((100 * doneBytes) / Math.max(1, totalBytes))), doneBytes, totalBytes });
    await host.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** Has an image go that nothing was made of. */
export function makeRemoveImage(keeper: AskedImages): CommandHandler<ActionArguments<'removeImage'>> {
  return {
    requiresBootId: false,
    async check({ image }, context, signal) {
      const refusal = refuseOther(image);
      if (refusal !== undefined) return refusal;
      const users = [...(await boardsOf(digestOf(image), context, signal))];
      const held = await keeper.find(digestOf(image));
      users.push(...(held?.holders ?? []));
      if (users.length === 0) return undefined;
      return { kind: 'rejected', reason: 'precondition', detail: `it is in use by ${users.join(', ')}` };
    },
    before: async () => '',
    async run({ image }) {
      try {
        await keeper.forget(digestOf(image));
        return { kind: 'succeeded', detail: 'it is gone' };
      } catch (thrown) {
        return { kind: 'failed', detail: BrambleError.from(thrown).message };
      }
    },
    observe: async ({ image }) =>
      (await isHere(keeper, digestOf(image)))
        ? { kind: 'failed', detail: 'it is still here' }
        : { kind: 'succeeded', detail: 'it is gone' },
  };
}

/** Boards with a root that was made of it. */
async function boardsOf(image: ImageDigest, { host }: ActionHost, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const { boards } = await askRoots(host.machine, { kind: 'look' }, signal);
    const users = boards.filter(({ generations }) => generations.some((each) => each.image === image));
    return users.map(({ serial }) => `board ${serial}`);
  } catch (thrown) {
    if (BrambleError.from(thrown).code === 'unsupported') return []; // no roots are kept here
    throw thrown;
  }
}

function refuseOther(image: Uint8Array): Refusal | undefined {
  if (image.length === DIGEST_BYTES) return undefined;
  return { kind: 'rejected', reason: 'invalid-argument', detail: 'that is no digest of an image' };
}

async function isHere(keeper: AskedImages, image: ImageDigest): Promise<boolean> {
  return (await keeper.find(image)) !== undefined;
}
