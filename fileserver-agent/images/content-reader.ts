import { BrambleError } from '../../proto/contract/errors.js';
import type { Chunk } from '../../proto/contract/images/manifest.js';
import type { MaterialisePorts } from './materialise-options.js';

/** The bytes of chunks one after the other. Each chunk is checked in memory and used from there: what changes on storage meanwhile has no effect. */
export class ContentReader {
  readonly #chunks: readonly Chunk[];
  readonly #ports: Pick<MaterialisePorts, 'source' | 'sha256'>;
  #next = 0;
  #rest: Uint8Array = new Uint8Array();

  constructor(chunks: readonly Chunk[], ports: Pick<MaterialisePorts, 'source' | 'sha256'>) {
    this.#chunks = chunks;
    this.#ports = ports;
  }

  /** One whole chunk; `undefined` after the last. @throws BrambleError `not-found`, `data-loss` */
  async nextChunk(): Promise<Uint8Array | undefined> {
    const chunk = this.#chunks[this.#next];
    if (chunk === undefined) return undefined;
    this.#next += 1;
    const bytes = await this.#ports.source.readChunk(chunk.digest);
    if (bytes.length !== chunk.sizeBytes || this.#ports.sha256(bytes) !== chunk.digest) {
      throw new BrambleError('data-loss', `chunk ${chunk.digest} is damaged on storage`, {
        hint: 'pull the image again: what is damaged is fetched anew',
      });
    }
    return bytes;
  }

  /** 1 to `bytesMax` bytes. @throws BrambleError `data-loss` when there are no more, and as nextChunk() */
  async read(bytesMax: number): Promise<Uint8Array> {
    if (this.#rest.length === 0) {
      const bytes = await this.nextChunk();
      if (bytes === undefined)
        throw new BrambleError('data-loss', 'the image has less content than its catalogue says');
      this.#rest = bytes;
    }
    const part = this.#rest.subarray(0, bytesMax);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }
}
