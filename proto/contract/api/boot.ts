import { z } from 'zod';
import { BOOT_STAGES, BOOT_TROUBLES } from '../boot/stage.js';

/** Boots as an operator sees them. Times are ms since 1970-01-01 UTC. */

export const BootHangView = z.object({
  trouble: z.enum(BOOT_TROUBLES),
  what: z.string().describe('where it hangs'),
  remedy: z.string().describe('what to do about it'),
});
export type BootHangView = z.infer<typeof BootHangView>;

export const BoardView = z.object({
  mac: z.string(),
  serial: z.string().describe('directory that it asks for: the last 8 digits of its serial number; empty = none yet'),
  address: z.string(),
  interfaceName: z.string().describe('of the fileserver: the VLAN of the board'),
  fileserverId: z.string(),
  fileserverName: z.string(),
  site: z.string(),
  startedAtMs: z.number().describe('when its present boot was first seen'),
  seenAtMs: z.number(),
  stage: z.enum(BOOT_STAGES).optional(),
  hang: BootHangView.optional(),
  nodeId: z.string().optional().describe('absent: no node of the fleet has this board'),
  nodeName: z.string().optional(),
});
export type BoardView = z.infer<typeof BoardView>;

export const BoardList = z.object({ boards: z.array(BoardView).describe('seen last first') });
export type BoardList = z.infer<typeof BoardList>;

export const BootStepView = z.object({
  stage: z.enum(BOOT_STAGES),
  words: z.string(),
  atMs: z.number(),
  tookMs: z.number().describe('since the stage before'),
});
export type BootStepView = z.infer<typeof BootStepView>;

export const NodeBootView = z.object({
  state: z.enum(['unknown', 'booting', 'hangs', 'up']),
  words: z.string().describe('the same as a sentence'),
  board: BoardView.optional().describe('absent while no fileserver has seen its board'),
  steps: z.array(BootStepView).describe('in the order in which they came'),
});
export type NodeBootView = z.infer<typeof NodeBootView>;
