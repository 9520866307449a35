import { z } from 'zod';
import { declareRoute } from '../declare.js';
import { CommandIdText } from '../parse.js';

export const UPLOAD_ROUTES = {
  getUpload: declareRoute({
    method: 'GET',
    path: '/api/v1/uploads/:id',
    summary: 'What a node has uploaded for a command, as a file to save',
    tag: 'commands',
    doors: 'both',
    params: z.object({ id: CommandIdText }),
    answer: {
      status: 200,
      description: 'the file',
      schema: z.string(),
      example: 'a tar archive, compressed',
      content: 'application/gzip',
    },
    errors: ['not-found'],
  }),
} as const;
