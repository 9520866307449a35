import type { Host } from '../ports.js';
import { makeNodeClock } from './clock.js';
import { makeNodeFiles } from './files.js';
import { makeNodeGzip } from './gzip.js';
import { makeNodeKeys } from './keys.js';
import { makeGrpcNet } from './net.js';
import { makeNodeRandom } from './random.js';

/** What is real even where the board is simulated. */
export function makeNodeBasics(): Pick<Host, 'clock' | 'files' | 'gzip' | 'keys' | 'net' | 'random'> {
  return {
    clock: makeNodeClock(),
    files: makeNodeFiles(),
    gzip: makeNodeGzip(),
    keys: makeNodeKeys(),
    net: makeGrpcNet(),
    random: makeNodeRandom(),
  };
}
