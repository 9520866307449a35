import { gzipSync } from 'node:zlib';
import type { Gzip } from '../host/ports.js';
import type { Lifetime } from './lifetime.js';

/** The real thing, at once: a thread pool would decide the order of things. */
export function makeSimGzip(life: Lifetime): Gzip {
  return {
    pack: (parts) =>
      life.guard(async () => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of parts) chunks.push(chunk);
        return new Uint8Array(gzipSync(Buffer.concat(chunks)));
      }),
  };
}
