import { createHash } from 'node:crypto';
import type {
  handleClientStreamingCall,
  ServerReadableStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { BrambleError } from '../../proto/contract/errors.js';
import { commandId, type NodeId, type SiteId } from '../../proto/contract/ids.js';
import {
  type UploadChunk,
  type UploadHeader,
  type UploadReceipt,
  BulkService as WireBulkService,
} from '../../proto/gen/bramble/agent/v1/bulk.js';
import { UPLOAD_CHUNK_BYTES_MAX } from '../../proto/wire/channel.js';
import type { Timers } from '../usecases/ports.js';
import type { RpcCounters } from './counters.js';
import { type Decoded, decodable, type Edge, type NodeCaller, UNDECODABLE, undecodable } from './edge.js';
import type { RpcLimits } from './limits.js';
import type { UplinkGate } from './uplink-gate.js';
import type { UploadOrder, UploadSink, UploadWriter } from './upload-sink.js';

const { upload } = WireBulkService;

export const BulkService = {
  upload: { ...upload, requestDeserialize: decodable(upload.requestDeserialize) },
} satisfies ServiceDefinition;

export interface BulkDeps {
  readonly edge: Edge;
  readonly uploads: UploadSink;
  readonly timers: Timers;
  readonly counters: RpcCounters;
  readonly limits: RpcLimits;
  readonly uplinks: UplinkGate;
}

type UploadCall = ServerReadableStream<Decoded<UploadChunk>, UploadReceipt>;

const FILE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/;
const SHA256_BYTES = 32;

/** Large things from nodes. Whose they are says the certificate; one at a time per node. */
export function bulkService(deps: BulkDeps): UntypedServiceImplementation {
  const busy = new Set<NodeId>();
  const handler: handleClientStreamingCall<Decoded<UploadChunk>, UploadReceipt> = (call, done) => {
    receive(call, deps, busy).then(
      (receipt) => {
        done(null, receipt);
      },
      (thrown: unknown) => {
        done(deps.edge.failed(call, thrown));
        call.resume(); // what still arrives is dropped
      },
    );
  };
  return { upload: handler };
}

async function receive(call: UploadCall, deps: BulkDeps, busy: Set<NodeId>): Promise<UploadReceipt> {
  const caller = deps.edge.node(call);
  const { nodeId } = caller.peer;
  if (busy.has(nodeId)) throw new BrambleError('resource-exhausted', 'one upload at a time');
  busy.add(nodeId);
  const cancelTimer = deps.timers.after(deps.limits.uploadWithinMs, () => {
    caller.session.destroy(); // slower than any link that can carry reports
  });
  try {
    return await store(call, caller, deps);
  } finally {
    cancelTimer();
    busy.delete(nodeId);
  }
}

async function store(call: UploadCall, caller: NodeCaller, deps: BulkDeps): Promise<UploadReceipt> {
  const parts = partsOf(call);
  const first = await parts.next();
  if (first.done === true || first.value?.$case !== 'header') {
    throw new BrambleError('invalid-argument', 'the first chunk carries the header');
  }
  const header = first.value.value;
  const order = readHeader(header, caller.peer.nodeId, deps.limits.uploadBytesMax);
  const writer = await deps.uploads.open(order);
  try {
    const storedBytes = await pour(paced(parts, caller.peer.site, deps), header, writer);
    await writer.finish();
    deps.counters.add('uploads_total');
    deps.counters.add('upload_bytes_total', storedBytes);
    return { storedBytes };
  } catch (thrown) {
    await writer.abandon();
    throw thrown;
  }
}

async function* partsOf(call: UploadCall): AsyncGenerator<UploadChunk['part']> {
  // grpc-js pushes what it has decoded: anything.
  for await (const chunk of call as AsyncIterable<Decoded<UploadChunk>>) {
    if (chunk === UNDECODABLE) throw undecodable();
    yield chunk.part;
  }
  if (call.cancelled) throw new BrambleError('cancelled', 'the upload was cancelled');
}

function readHeader(header: UploadHeader, nodeId: NodeId, bytesMax: number): UploadOrder {
  const { name, sizeBytes, sha256 } = header;
  if (!FILE_NAME.test(name)) {
    throw new BrambleError('invalid-argument', 'an upload’s name has only letters, digits, dot, dash and underscore');
  }
  if (sha256.length !== SHA256_BYTES) throw new BrambleError('invalid-argument', 'an upload’s SHA-256 has 32 bytes');
  if (sizeBytes > bytesMax) {
    throw new BrambleError('resource-exhausted', `an upload has at most ${bytesMax} bytes, not ${sizeBytes}`);
  }
  return { nodeId, commandId: commandId(header.commandId), name, sizeBytes };
}

/** Takes chunks no faster than the site's share of its uplink has room for them: the transport holds the sender back. */
async function* paced(
  parts: AsyncGenerator<UploadChunk['part']>,
  site: SiteId,
  { uplinks, timers }: BulkDeps,
): AsyncGenerator<UploadChunk['part']> {
  for await (const part of parts) {
    yield part;
    const waitMs = part?.$case === 'data' ? uplinks.bulkWaitMs(site, 'uploads', part.value.length) : 0;
    if (waitMs > 0) await new Promise<void>((resolve) => timers.after(waitMs, resolve));
  }
}

async function pour(
  parts: AsyncGenerator<UploadChunk['part']>,
  { sizeBytes, sha256 }: UploadHeader,
  writer: UploadWriter,
): Promise<number> {
  const hash = createHash('sha256');
  let storedBytes = 0;
  for await (const part of parts) {
    if (part?.$case !== 'data') throw new BrambleError('invalid-argument', 'after the header comes data');
    if (part.value.length > UPLOAD_CHUNK_BYTES_MAX) {
      throw new BrambleError('invalid-argument', `a chunk has at most ${UPLOAD_CHUNK_BYTES_MAX} bytes`);
    }
    storedBytes += part.value.length;
    if (storedBytes > sizeBytes) throw new BrambleError('invalid-argument', 'more data than the header says');
    hash.update(part.value);
    await writer.write(part.value);
  }
  if (storedBytes !== sizeBytes) throw new BrambleError('data-loss', `${storedBytes} bytes of ${sizeBytes} arrived`);
  if (!hash.digest().equals(sha256))
    throw new BrambleError('data-loss', 'the data does not have the SHA-256 of the header');
  return storedBytes;
}
