import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Gzip } from '../ports.js';

/** 6 of 9, zlib's own choice: more costs a small board seconds, and saves little. */
const LEVEL = 6;

export function makeNodeGzip(): Gzip {
  return {
    pack: async (parts) => {
      const source = Readable.from(parts, { objectMode: true });
      const gzip = createGzip({ level: LEVEL });
      source.on('error', (error) => {
        gzip.destroy(error);
      });
      source.pipe(gzip);
      const chunks: Buffer[] = [];
      // A gzip stream without encoding emits buffers.
      for await (const chunk of gzip as AsyncIterable<Buffer>) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
  };
}
