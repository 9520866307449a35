import type { ActionArguments, ActionHost, CommandHandler, Refusal } from '../../agent/kit/command/handler.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { DIGEST_BYTES, digestOf, type ImageDigest } from '../../proto/contract/images/digest.js';
import type { ImageKeeper } from '../images/image-keeper.js';
import { askRoots } from '../roots/ask.js';

/** What of a fileserver's images commands change. */
export type AskedImages = Pick<ImageKeeper, 'want' | 'forget' | 'find'>;

/** Has an image come. It is done when that is remembered: the image comes by and by, across restarts and outages. */
export function makePullImage(keeper: AskedImages): CommandHandler<ActionArguments<'pullImage'>> {
  return {
    requiresBootId: false,
    check: async ({ image }) => refuseOther(image),
    before: async () => '',
    async run({ image }) {
      const standing = await keeper.want(digestOf(image));
      const detail = standing === 'here' ? 'it is here; it is read, and what is damaged is fetched anew' : 'it comes';
      return { kind: 'succeeded', detail };
    },
    observe: async () => ({ kind: 'unknown', detail: 'it may not have been remembered; ask for it again' }),
  };
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
