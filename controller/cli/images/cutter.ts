import { CHUNK_BYTES_MAX, chunkBytesAt, makeGear } from '../../../proto/contract/images/chunker.js';
import type { Digest } from '../../../proto/contract/images/digest.js';
import type { Chunk } from '../../../proto/contract/images/manifest.js';

export interface ChunkSink {
  digestOf(bytes: Uint8Array): Digest;
  /** Bytes are used again after it resolves. */
  write(digest: Digest, bytes: Uint8Array): Promise<void>;
}

const BUFFER_BYTES = 1024 * 1024;

/** Cuts a stream into chunks and passes them on. */
export class Cutter {
  readonly chunks: Chunk[] = [];
  readonly #sink: ChunkSink;
  readonly #gear = makeGear();
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #start = 0;
  #end = 0;

  constructor(sink: ChunkSink) {
    this.#sink = sink;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + BUFFER_BYTES - this.#end);
      this.#buffer.set(part, this.#end);
      this.#end += part.length;
      at += part.length;
      if (this.#end === BUFFER_BYTES) await this.#cut(CHUNK_BYTES_MAX);
    }
  }

  /** Ends the current chunk: what comes next begins one of its own. */
  async flush(): Promise<void> {
    await this.#cut(1);
  }

  /** As long as at least so many bytes are there. */
  async #cut(bytesMin: number): Promise<void> {
    while (this.#end - this.#start >= bytesMin) {
      const sizeBytes = chunkBytesAt(this.#buffer, this.#start, this.#end, this.#gear);
      const bytes = this.#buffer.subarray(this.#start, this.#start + sizeBytes);
      const digest = this.#sink.digestOf(bytes);
      await this.#sink.write(digest, bytes);
      this.chunks.push({ digest, sizeBytes });
      this.#start += sizeBytes;
    }
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }
}
