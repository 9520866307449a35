import { type ClientDuplexStream, type ClientWritableStream, connectivityState, Metadata } from '@grpc/grpc-js';
import { BrambleError } from '../../../../proto/contract/errors.js';
import {
  BulkClient,
  type UploadChunk,
  type UploadHeader,
  type UploadReceipt,
} from '../../../../proto/gen/bramble/agent/v1/bulk.js';
import {
  EnrollmentClient,
  type EnrollRequest,
  type EnrollResponse,
  type RenewRequest,
  type RenewResponse,
} from '../../../../proto/gen/bramble/agent/v1/enrollment.js';
import { type AgentFrame, type ControllerFrame, LinkClient } from '../../../../proto/gen/bramble/agent/v1/link.js';
import { CONNECT_TIMEOUT_MS, REACH_TIMEOUT_MS, UPLOAD_CHUNK_BYTES_MAX } from '../../../../proto/wire/channel.js';
import type { Endpoint, LinkStream, Net, TlsIdentity } from '../ports.js';
import { ask, type Channel, cancelled, memberTrust, openChannel, refuseWhenAborted } from './channel.js';

const UPLOAD_TIMEOUT_MS = 900_000;

/** The controller over gRPC. Every call has a connection of its own, which ends with it: nothing is left behind. */
export function makeGrpcNet(): Net {
  return {
    openLink: (endpoint, identity, signal) => openLink(endpoint, identity, signal),
    enroll: (endpoint, spkiPin, request, signal) => enroll(endpoint, spkiPin, request, signal),
    renew: (endpoint, identity, request, signal) => renew(endpoint, identity, request, signal),
    upload: (endpoint, identity, header, content, signal) => upload({ endpoint, identity, signal }, header, content),
  };
}

async function openLink(endpoint: Endpoint, identity: TlsIdentity, signal: AbortSignal): Promise<LinkStream> {
  refuseWhenAborted(signal);
  const channel = openChannel(LinkClient, endpoint, memberTrust(identity), { ...identity, isKeptAlive: false });
  const call = channel.client.connect();
  const link = new GrpcLink(call, channel, signal);
  const patience = setTimeout(() => {
    link.giveUpUnreached();
  }, REACH_TIMEOUT_MS);
  await link.connected().finally(() => {
    clearTimeout(patience);
  });
  return link;
}

/** One Link stream over one channel. */
class GrpcLink implements LinkStream {
  readonly #call: ClientDuplexStream<AgentFrame, ControllerFrame>;
  readonly #channel: Channel<LinkClient>;
  readonly #signal: AbortSignal;
  readonly #abort: () => void;
  #isEnded = false;
  #isOver = false;
  #failure: BrambleError | undefined;

  constructor(
    call: ClientDuplexStream<AgentFrame, ControllerFrame>,
    channel: Channel<LinkClient>,
    signal: AbortSignal,
  ) {
    this.#call = call;
    this.#channel = channel;
    this.#signal = signal;
    this.#abort = () => {
      this.#failure = cancelled();
      call.cancel();
    };
    signal.addEventListener('abort', this.#abort, { once: true });
    call.on('error', (thrown: unknown) => {
      this.#failure ??= channel.failure(thrown);
    });
    // Comes after the last frame was taken over, whoever ended the stream.
    call.once('status', () => {
      this.#over();
    });
  }

  /** Resolves when the connection stands; rejects, and leaves nothing behind, when it cannot be made. */
  connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadlineMs = Date.now() + CONNECT_TIMEOUT_MS;
      this.#call.once('status', () => {
        reject(this.#failure ?? new BrambleError('unavailable', 'the stream ended before it began'));
      });
      // Not waitForReady(): on a channel that was closed meanwhile it would make grpc-js dial once more.
      const watch = (): void => {
        if (this.#isOver) return;
        const channel = this.#channel.client.getChannel();
        const state = channel.getConnectivityState(false);
        if (state === connectivityState.READY) resolve();
        else
          channel.watchConnectivityState(state, deadlineMs, (late) => (late === undefined ? watch() : this.#tooLate()));
      };
      watch();
    });
  }

  /** Nobody has answered the first packet. */
  giveUpUnreached(): void {
    if (this.#channel.isReached()) return;
    this.#failure ??= new BrambleError('deadline-exceeded', `nobody answers within ${REACH_TIMEOUT_MS / 1000} s`);
    this.#call.cancel();
  }

  #tooLate(): void {
    this.#failure ??= new BrambleError('deadline-exceeded', `no connection within ${CONNECT_TIMEOUT_MS / 1000} s`);
    this.#call.cancel();
  }

  send(frame: AgentFrame): boolean {
    if (this.#isEnded || this.#isOver) return false;
    return this.#call.write(frame);
  }

  end(): void {
    if (this.#isEnded || this.#isOver) return;
    this.#isEnded = true;
    this.#call.end();
  }

  /** The stream's own buffer is the bound: what does not fit waits in the transport, and then at the controller. */
  readonly frames: AsyncIterable<ControllerFrame> = {
    [Symbol.asyncIterator]: () => this.#read(),
  };

  async *#read(): AsyncGenerator<ControllerFrame> {
    try {
      // grpc-js pushes what it has decoded: frames.
      for await (const frame of this.#call as AsyncIterable<ControllerFrame>) yield frame;
    } catch (thrown) {
      throw this.#failure ?? this.#channel.failure(thrown);
    } finally {
      this.#call.cancel(); // no effect on a stream that is over
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #over(): void {
    this.#isOver = true;
    this.#signal.removeEventListener('abort', this.#abort);
    this.#channel.dispose();
  }
}

async function enroll(
  endpoint: Endpoint,
  spkiPin: string,
  request: EnrollRequest,
  signal: AbortSignal,
): Promise<EnrollResponse> {
  // A stranger has no floor worth naming: the pin is what counts, and the answer brings an identity with dates.
  const channel = openChannel(
    EnrollmentClient,
    endpoint,
    { kind: 'stranger', rootSpkiSha256: spkiPin },
    { clockFloorMs: 0 },
  );
  return await ask(channel, signal, (client, options, done) => client.enroll(request, new Metadata(), options, done));
}

async function renew(
  endpoint: Endpoint,
  identity: TlsIdentity,
  request: RenewRequest,
  signal: AbortSignal,
): Promise<RenewResponse> {
  const channel = openChannel(EnrollmentClient, endpoint, memberTrust(identity), identity);
  return await ask(channel, signal, (client, options, done) => client.renew(request, new Metadata(), options, done));
}

async function upload(
  to: { readonly endpoint: Endpoint; readonly identity: TlsIdentity; readonly signal: AbortSignal },
  header: UploadHeader,
  content: AsyncIterable<Uint8Array>,
): Promise<UploadReceipt> {
  const channel = openChannel(BulkClient, to.endpoint, memberTrust(to.identity), to.identity);
  let unreadable: BrambleError | undefined;
  try {
    return await ask<BulkClient, UploadReceipt>(channel, to.signal, (client, _options, done) => {
      const call = client.upload(new Metadata(), { deadline: Date.now() + UPLOAD_TIMEOUT_MS }, done);
      pour(call, header, content).catch((thrown: unknown) => {
        unreadable = BrambleError.from(thrown);
        call.cancel();
      });
      return call;
    });
  } catch (thrown) {
    throw unreadable ?? thrown; // that the content failed says more than that the call was cancelled for it
  }
}

async function pour(
  call: ClientWritableStream<UploadChunk>,
  header: UploadHeader,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  call.write({ part: { $case: 'header', value: header } });
  for await (const bytes of content) {
    for (let at = 0; at < bytes.length; at += UPLOAD_CHUNK_BYTES_MAX) {
      if (call.destroyed || call.writableEnded) return;
      const value = Buffer.from(bytes.subarray(at, at + UPLOAD_CHUNK_BYTES_MAX));
      if (!call.write({ part: { $case: 'data', value } })) await drained(call);
    }
  }
  call.end();
}

/** Resolves when there is room again, or when the call is over and none is needed. */
function drained(call: ClientWritableStream<UploadChunk>): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.removeListener('drain', done);
      call.removeListener('close', done);
      resolve();
    };
    call.once('drain', done);
    call.once('close', done);
  });
}
