import { z } from 'zod';
import { LoadList } from '../../../proto/contract/api/lists.js';
import { declareRoute } from '../declare.js';
import { NodeWords, pageLimit } from '../lists.js';
import { NODE_ID } from './examples.js';

export const LOAD_ROUTES = {
  listLoads: declareRoute({
    method: 'GET',
    path: '/api/v1/loads',
    summary: 'Nodes by processor, memory and temperature, who is nearest to a limit first',
    tag: 'nodes',
    doors: 'both',
    query: z.strictObject({ ...NodeWords, limit: pageLimit(1_000, 20) }),
    answer: {
      status: 200,
      description: 'nodes that are in contact',
      schema: LoadList,
      example: {
        loads: [
          {
            ...{ id: NODE_ID, name: 'pi-01', site: 'cam', state: 'ready' },
            ...{ cpuBusyPermille: 730, memoryUsedPermille: 410, temperatureMillidegrees: 61_200 },
          },
        ],
      },
    },
    errors: [],
  }),
} as const;
