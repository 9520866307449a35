import { piCollectors } from '../pi/collectors/index.js';
import { piHandlers } from '../pi/commands/index.js';
import type { DemoAgent } from './demo-node.js';
import { DEMO_POLICY } from './machine-programs.js';

/** The agent of a Pi, as it is. */
export function makePiAgent(): DemoAgent {
  return {
    kind: 'pi',
    collectors: (probe) => piCollectors(probe),
    watches: undefined,
    handlers: piHandlers(DEMO_POLICY),
    units: [],
    equip: (host) => host,
  };
}
