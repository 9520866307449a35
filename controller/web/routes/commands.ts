import { Cursors, nodeFilterOf } from '../lists.js';
import type { Handlers } from '../mount.js';
import { CommandIdText } from '../parse.js';
import type { COMMAND_ROUTES } from '../table/commands.js';
import { actorOf } from './actor.js';

const Key = CommandIdText;

export function commandHandlers(): Handlers<typeof COMMAND_ROUTES> {
  return {
    async listCommands({ query, request, fleet }) {
      const cursors = new Cursors(request, Key);
      const { state, limit, cursor } = query;
      const page = { nodes: nodeFilterOf(query), state, limit, after: cursors.after(cursor) };
      const { items, next } = await fleet.commands(page);
      return { commands: [...items], ...cursors.next(next) };
    },
    async listNodeCommands({ params, query: { state, limit, cursor }, request, fleet }) {
      const cursors = new Cursors(request, Key);
      const { items, next } = await fleet.commands({ nodeId: params.id, state, limit, after: cursors.after(cursor) });
      return { commands: [...items], ...cursors.next(next) };
    },
    issueCommand: ({ params, body, request, fleet }) => fleet.issueCommand(params.id, body, actorOf(request)),
    getCommand: ({ params, fleet }) => fleet.command(params.id),
  };
}
