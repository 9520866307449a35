import { z } from 'zod';
import { BoardList, NodeBootView } from '../../../proto/contract/api/boot.js';
import { STAGE_WORDS } from '../../../proto/contract/boot/words.js';
import { declareRoute } from '../declare.js';
import { SiteIdText } from '../parse.js';
import { AT_MS, NODE_ID } from './examples.js';
import { NodePath } from './nodes.js';

const BOARD_EXAMPLE = {
  mac: 'b8:27:eb:12:34:56',
  serial: 'aa123456',
  address: '10.46.189.2',
  interfaceName: 'eth0.10',
  fileserverId: NODE_ID,
  fileserverName: 'fs-1',
  site: 'cam',
  startedAtMs: AT_MS,
  seenAtMs: AT_MS + 2_000,
  stage: 'dhcp-seen',
} as const;

export const BOARD_ROUTES = {
  getNodeBoot: declareRoute({
    method: 'GET',
    path: '/api/v1/nodes/:id/boot',
    summary: 'How the present boot of a node stands: stages with their times, where it hangs and what to do',
    tag: 'nodes',
    doors: 'both',
    params: NodePath,
    answer: {
      status: 200,
      description: 'the boot, as its fileserver and its own agent saw it',
      schema: NodeBootView,
      example: {
        state: 'booting',
        words: 'It boots: it asked for an address, 2 s since its start.',
        board: BOARD_EXAMPLE,
        steps: [{ stage: 'dhcp-seen', words: STAGE_WORDS['dhcp-seen'], atMs: AT_MS, tookMs: 0 }],
      },
    },
    errors: ['not-found'],
  }),
  listBoards: declareRoute({
    method: 'GET',
    path: '/api/v1/boards',
    summary: 'Boards that fileservers have seen boot, those that no node has among them; seen last first, at most 1000',
    tag: 'enrolment',
    doors: 'both',
    query: z.strictObject({
      site: SiteIdText.optional(),
      of: z.enum(['all', 'unknown']).default('all').describe('unknown: only those that no node of the fleet has'),
    }),
    answer: { status: 200, description: 'boards', schema: BoardList, example: { boards: [BOARD_EXAMPLE] } },
    errors: [],
  }),
} as const;
