import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { Metadata } from '@grpc/grpc-js';
import { BrambleError } from '../../../../proto/contract/errors.js';
import { digestBytes } from '../../../../proto/contract/images/digest.js';
import type { Chunk } from '../../../../proto/contract/images/manifest.js';
import {
  ChunkEncoding,
  type ImageChunk,
  type ImageDescription,
  ImageProgress,
  type ImageStatesTold,
  ImagesClient,
} from '../../../../proto/gen/bramble/agent/v1/images.js';
import type { DescribedImage, ImageLink, ImageStanding, Reach } from '../image-link.js';
import { ask, type Channel, cancelled, memberTrust, openChannel, refuseWhenAborted } from './channel.js';

/** A stream that brings no chunk for so long has stopped: a site's share of 2 Mbit/s brings one each two seconds. */
const SILENT_MS_MAX = 120_000;
const PROGRESS = {
  pulling: ImageProgress.PULLING,
  held: ImageProgress.HELD,
  failed: ImageProgress.FAILED,
  refused: ImageProgress.REFUSED,
} as const satisfies Record<ImageStanding['progress'], ImageProgress>;

const unpack = promisify(inflateRaw);

/** The controller's images over gRPC. The first controller that answers is the one that is used. */
export function makeGrpcImageLink(): ImageLink {
  return {
    describe: (reach, image, signal) =>
      withAny(reach, signal, async (channel) => {
        const request = { image: Buffer.from(digestBytes(image)) };
        const answer = await ask<ImagesClient, ImageDescription>(channel, signal, (client, options, done) =>
          client.describe(request, new Metadata(), options, done),
        );
        return describedImage(answer);
      }),
    fetch: (reach, wanted, signal) => fetchChunks(reach, wanted, signal),
    tell: (reach, standings, signal) =>
      withAny(reach, signal, async (channel) => {
        const images = standings.map(({ image, progress, ...rest }) => ({
          ...rest,
          image: Buffer.from(digestBytes(image)),
          progress: PROGRESS[progress],
        }));
        await ask<ImagesClient, ImageStatesTold>(channel, signal, (client, options, done) =>
          client.tell({ images }, new Metadata(), options, done),
        );
      }),
  };
}

function describedImage({ manifest, signatures, freshness }: ImageDescription): DescribedImage {
  return { manifest, signatures, freshness };
}

/** Tries every endpoint once. @throws BrambleError that of the last one */
async function withAny<T>(
  { tls, endpoints }: Reach,
  signal: AbortSignal,
  work: (channel: Channel<ImagesClient>) => Promise<T>,
): Promise<T> {
  let failure = new BrambleError('unavailable', 'no controller is known');
  for (const endpoint of endpoints) {
    refuseWhenAborted(signal);
    const channel = openChannel(ImagesClient, endpoint, memberTrust(tls), tls);
    try {
      return await work(channel);
    } catch (thrown) {
      failure = BrambleError.from(thrown);
      if (signal.aborted || failure.code !== 'unavailable') throw failure;
    } finally {
      channel.dispose();
    }
  }
  throw failure;
}

async function* fetchChunks(
  reach: Reach,
  { image, chunks }: Parameters<ImageLink['fetch']>[1],
  signal: AbortSignal,
): ReturnType<ImageLink['fetch']> {
  refuseWhenAborted(signal);
  const { tls } = reach;
  const endpoint = reach.endpoints[0];
  if (endpoint === undefined) throw new BrambleError('unavailable', 'no controller is known');
  const channel = openChannel(ImagesClient, endpoint, memberTrust(tls), tls);
  const wanted = chunks.map(({ digest }) => Buffer.from(digestBytes(digest)));
  const call = channel.client.fetch({ image: Buffer.from(digestBytes(image)), chunks: wanted });
  const stop = (): void => call.cancel();
  signal.addEventListener('abort', stop, { once: true });
  let silent = setTimeout(stop, SILENT_MS_MAX);
  try {
    let at = 0;
    // grpc-js pushes what it has decoded: chunks.
    for await (const message of call as AsyncIterable<ImageChunk>) {
      clearTimeout(silent);
      const chunk = chunks[at];
      if (chunk === undefined) throw new BrambleError('data-loss', 'more chunks arrive than were asked for');
      yield { digest: chunk.digest, bytes: await bytesOf(message, chunk) };
      at += 1;
      silent = setTimeout(stop, SILENT_MS_MAX);
    }
    if (at < chunks.length)
      throw new BrambleError('unavailable', 'the controller sent fewer chunks than were asked for');
  } catch (thrown) {
    if (thrown instanceof BrambleError) throw thrown;
    throw signal.aborted ? cancelled() : channel.failure(thrown);
  } finally {
    clearTimeout(silent);
    signal.removeEventListener('abort', stop);
    call.cancel(); // no effect on a stream that is over
    channel.dispose();
  }
}

/** Never more than the size that was asked for, whatever the message unpacks to. */
async function bytesOf({ data, encoding }: ImageChunk, { digest, sizeBytes }: Chunk): Promise<Uint8Array> {
  const wrong = (cause?: unknown): BrambleError =>
    new BrambleError('data-loss', `chunk ${digest} does not arrive with ${sizeBytes} bytes`, { cause });
  let bytes: Uint8Array = data;
  if (encoding === ChunkEncoding.DEFLATE) {
    try {
      bytes = await unpack(data, { maxOutputLength: sizeBytes });
    } catch (thrown) {
      throw wrong(thrown);
    }
  } else if (encoding !== ChunkEncoding.UNSPECIFIED) {
    throw new BrambleError('unsupported', 'the controller packs chunks in a way that this agent does not know');
  }
  if (bytes.length !== sizeBytes) throw wrong();
  return bytes;
}
