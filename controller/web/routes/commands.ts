import type { Handlers } from '../mount.js';
import type { COMMAND_ROUTES } from '../table/commands.js';
import { actorOf } from './actor.js';

export function commandHandlers(): Handlers<typeof COMMAND_ROUTES> {
  return {
    async listNodeCommands({ params, query, fleet }) {
      return { commands: [...(await fleet.commands(params.id, query.limit))] };
    },
    issueCommand: ({ params, body, request, fleet }) => fleet.issueCommand(params.id, body, actorOf(request)),
    getCommand: ({ params, fleet }) => fleet.command(params.id),
  };
}
