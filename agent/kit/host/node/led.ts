import { Led } from '../../machine/led.js';
import { makeNodeClock } from './clock.js';
import { makeNodeFiles } from './files.js';
import { makeKernelFiles } from './kernel-files.js';
import { makeSysWriter } from './sys-writer.js';

/** In memory, and root's alone: the helper's unit makes the directory. */
const RECORD_PATH = '/run/bramble-agent-helper/led.json';

/**
 * The activity LED of this board.
 * @param root where /sys is seen: "/" but in tests
 */
export function makeNodeLed(root = '/', recordPath = RECORD_PATH): Led {
  const { readText } = makeKernelFiles(root);
  return new Led({
    sys: { readText, ...makeSysWriter(root) },
    kernel: makeKernelFiles(),
    files: makeNodeFiles(),
    clock: makeNodeClock(),
    recordPath,
  });
}
