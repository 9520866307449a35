import { BatchAnswer, BatchRequest } from '../../../proto/contract/api/batch.js';
import { declareRoute } from '../declare.js';
import { COMMAND_EXAMPLE, NODE_EXAMPLE } from './examples.js';

export const BATCH_ROUTES = {
  runBatch: declareRoute({
    method: 'POST',
    path: '/api/v1/batch',
    summary: 'Up to 100 changes as one: all happen, or none, and every obstacle is told',
    tag: 'batch',
    doors: 'both',
    body: BatchRequest,
    answer: {
      status: 200,
      description: 'done, or after a dry run: would be done',
      schema: BatchAnswer,
      example: {
        dryRun: false,
        results: [
          { index: 0, op: 'change-node', node: NODE_EXAMPLE },
          { index: 1, op: 'issue-command', command: COMMAND_EXAMPLE },
        ],
      },
    },
    errors: ['not-found', 'already-exists', 'failed-precondition'],
  }),
} as const;
