import { z } from 'zod';
import { CommandView } from '../../../proto/contract/api/fleet.js';
import { CommandList } from '../../../proto/contract/api/lists.js';
import { CommandCreate } from '../../../proto/contract/api/requests.js';
import { declareRoute } from '../declare.js';
import { cursorText, NodeWords, pageLimit } from '../lists.js';
import { CommandIdText } from '../parse.js';
import { COMMAND_EXAMPLE } from './examples.js';
import { NodePath } from './nodes.js';

const CommandState = CommandView.shape.state;

export const COMMAND_ROUTES = {
  listCommands: declareRoute({
    method: 'GET',
    path: '/api/v1/commands',
    summary: 'Commands of the whole fleet, newest first',
    tag: 'commands',
    doors: 'both',
    query: z.strictObject({
      ...NodeWords,
      state: CommandState.optional(),
      limit: pageLimit(1_000, 100),
      cursor: cursorText,
    }),
    answer: { status: 200, description: 'commands', schema: CommandList, example: { commands: [COMMAND_EXAMPLE] } },
    errors: [],
  }),
  listNodeCommands: declareRoute({
    method: 'GET',
    path: '/api/v1/nodes/:id/commands',
    summary: 'Commands of one node, newest first',
    tag: 'commands',
    doors: 'both',
    params: NodePath,
    query: z.strictObject({ state: CommandState.optional(), limit: pageLimit(1_000, 100), cursor: cursorText }),
    answer: { status: 200, description: 'commands', schema: CommandList, example: { commands: [COMMAND_EXAMPLE] } },
    errors: ['not-found'],
  }),
  issueCommand: declareRoute({
    method: 'POST',
    path: '/api/v1/nodes/:id/commands',
    summary: 'Order one node to do something from the closed set of actions',
    tag: 'commands',
    doors: 'both',
    params: NodePath,
    body: CommandCreate,
    answer: { status: 202, description: 'taken, signed and stored', schema: CommandView, example: COMMAND_EXAMPLE },
    errors: ['not-found', 'failed-precondition'],
  }),
  getCommand: declareRoute({
    method: 'GET',
    path: '/api/v1/commands/:id',
    summary: 'How far a command is',
    tag: 'commands',
    doors: 'both',
    params: z.object({ id: CommandIdText }),
    answer: { status: 200, description: 'the command', schema: CommandView, example: COMMAND_EXAMPLE, tagged: true },
    errors: ['not-found'],
  }),
} as const;
