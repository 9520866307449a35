import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { COMMAND_ROUTES } from '../table/commands.js';
import { actorOf } from './actor.js';

export function commandHandlers({ fleet }: WebOptions): Handlers<typeof COMMAND_ROUTES> {
  return {
    async listNodeCommands({ params, query }) {
      return { commands: [...(await fleet.commands(params.id, query.limit))] };
    },
    issueCommand: ({ params, body, request }) => fleet.issueCommand(params.id, body, actorOf(request)),
    getCommand: ({ params }) => fleet.command(params.id),
  };
}
