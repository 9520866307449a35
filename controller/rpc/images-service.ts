import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import type {
  handleServerStreamingCall,
  ServerWritableStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId, SiteId } from '../../proto/contract/ids.js';
import { digestOf } from '../../proto/contract/images/digest.js';
import {
  ChunkEncoding,
  type DescribeImage,
  type FetchChunks,
  type ImageChunk,
  type ImageDescription,
  ImageProgress,
  type ImageStates,
  type ImageStatesTold,
  ImagesService as WireImagesService,
} from '../../proto/gen/bramble/agent/v1/images.js';
import type { ImagePlaces, ToldImage } from '../usecases/images/image-places.js';
import type { Images } from '../usecases/images/images.js';
import type { Timers } from '../usecases/ports.js';
import type { RpcCounters } from './counters.js';
import { type Decoded, decodable, type Edge, type NodeCaller, UNDECODABLE, undecodable } from './edge.js';
import type { UplinkGate } from './uplink-gate.js';

const { describe, fetch, tell } = WireImagesService;

export const ImagesService = {
  describe: { ...describe, requestDeserialize: decodable(describe.requestDeserialize) },
  fetch: { ...fetch, requestDeserialize: decodable(fetch.requestDeserialize) },
  tell: { ...tell, requestDeserialize: decodable(tell.requestDeserialize) },
} satisfies ServiceDefinition;

export interface ImagesServiceDeps {
  readonly edge: Edge;
  readonly images: Pick<Images, 'describe' | 'chunk'>;
  readonly places: Pick<ImagePlaces, 'told' | 'charge'>;
  readonly uplinks: UplinkGate;
  readonly timers: Timers;
  readonly counters: RpcCounters;
}

const FETCHED_MAX = 512;
/** A chunk that shrinks by less is sent as it is: unpacking it would cost more than it saves. */
const WORTH_PACKING_RATIO = 0.9;
const PACK_LEVEL = 6;
const PROGRESS: Readonly<Record<number, ToldImage['progress']>> = {
  [ImageProgress.PULLING]: 'pulling',
  [ImageProgress.HELD]: 'held',
  [ImageProgress.FAILED]: 'failed',
  [ImageProgress.REFUSED]: 'refused',
};
const DETAIL_CHARACTERS_MAX = 500;

const pack = promisify(deflateRaw);

/** Images for fileservers. One fetch at a time for each: what a site's uplink carries is shared among its fileservers. */
export function imagesService(deps: ImagesServiceDeps): UntypedServiceImplementation {
  const busy = new Set<NodeId>();
  const admit = (call: Parameters<Edge['node']>[0]): NodeCaller => fileserverOf(deps.edge, call);
  const serve: handleServerStreamingCall<Decoded<FetchChunks>, ImageChunk> = (call) => {
    sendChunks(call, deps, busy).then(
      () => call.end(),
      // grpc-js makes the status of a stream of what is emitted here; destroy() would send none.
      (thrown: unknown) => call.emit('error', deps.edge.failed(call, thrown)),
    );
  };
  return {
    describe: deps.edge.unary<DescribeImage, ImageDescription, NodeCaller>(admit, async ({ image }) => {
      const { manifest, signatures, freshness } = await deps.images.describe(digestOf(image));
      const { text, keyId, signature } = freshness;
      const stamp = { text, keyId, signature: Buffer.from(signature) };
      return { manifest: Buffer.from(manifest), signatures: [...signatures], freshness: stamp };
    }),
    fetch: serve,
    tell: deps.edge.unary<ImageStates, ImageStatesTold, NodeCaller>(admit, async ({ images }, { peer }) => {
      deps.places.told(peer.nodeId, peer.site, images.flatMap(toldImage));
      return {};
    }),
  };
}

/** @throws BrambleError `permission-denied` for every other kind of node */
function fileserverOf(edge: Edge, call: Parameters<Edge['node']>[0]): NodeCaller {
  const caller = edge.node(call);
  if (caller.peer.kind === 'fileserver') return caller;
  throw new BrambleError('permission-denied', 'images are for fileservers');
}

type FetchCall = ServerWritableStream<Decoded<FetchChunks>, ImageChunk>;

async function sendChunks(call: FetchCall, deps: ImagesServiceDeps, busy: Set<NodeId>): Promise<void> {
  const { nodeId, site } = fileserverOf(deps.edge, call).peer;
  const { request } = call;
  if (request === UNDECODABLE) throw undecodable();
  if (request.chunks.length > FETCHED_MAX) {
    throw new BrambleError('invalid-argument', `at most ${FETCHED_MAX} chunks are fetched at once`);
  }
  if (busy.has(nodeId)) throw new BrambleError('resource-exhausted', 'one fetch at a time');
  busy.add(nodeId);
  try {
    const image = digestOf(request.image);
    for (const wanted of request.chunks) {
      if (call.cancelled) return;
      const chunk = await packed(deps.images.chunk(digestOf(wanted)));
      await pause(site, chunk.data.length, call, deps);
      deps.places.charge(site, image, chunk.data.length);
      deps.counters.add('image_bytes_total', chunk.data.length);
      if (!call.write(chunk)) await drained(call);
    }
  } finally {
    busy.delete(nodeId);
  }
}

async function packed(bytes: Uint8Array): Promise<ImageChunk> {
  const small = await pack(bytes, { level: PACK_LEVEL });
  return small.length < bytes.length * WORTH_PACKING_RATIO
    ? { data: small, encoding: ChunkEncoding.DEFLATE }
    : { data: Buffer.from(bytes), encoding: ChunkEncoding.UNSPECIFIED };
}

/** As long as the site's share of its uplink needs for so many bytes. */
async function pause(
  site: SiteId,
  bytes: number,
  call: FetchCall,
  { uplinks, timers }: ImagesServiceDeps,
): Promise<void> {
  const waitMs = uplinks.bulkWaitMs(site, 'images', bytes);
  if (waitMs <= 0) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      cancel();
      call.removeListener('cancelled', done);
      resolve();
    };
    const cancel = timers.after(waitMs, done);
    call.once('cancelled', done);
  });
}

function drained(call: FetchCall): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const name of ['drain', 'close', 'cancelled'] as const) call.removeListener(name, done);
      resolve();
    };
    for (const name of ['drain', 'close', 'cancelled'] as const) call.once(name, done);
  });
}

/** What a newer agent says in words that this controller does not know is left out. */
function toldImage({
  image,
  progress,
  doneBytes,
  totalBytes,
  detail,
}: ImageStates['images'][number]): readonly ToldImage[] {
  const word = PROGRESS[progress];
  if (word === undefined) return [];
  return [
    { image: digestOf(image), progress: word, doneBytes, totalBytes, detail: detail.slice(0, DETAIL_CHARACTERS_MAX) },
  ];
}
