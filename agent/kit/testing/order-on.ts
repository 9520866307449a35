import { Command, type CommandState } from '../../../proto/gen/bramble/agent/v1/command.js';
import { commandIdOf } from './signed-command.js';
import { SIM_NODE_ID } from './sim-controller.js';
import type { SimSite } from './sim-site.js';

const PATIENCE_MS = 30_000;

/** Orders one thing after the other of the only node of a site; answers with how each stands after that time. */
export function orderOn({
  world,
  controller,
}: Pick<SimSite, 'world' | 'controller'>): (
  action: NonNullable<Command['action']>,
  forMs?: number,
) => Promise<CommandState | undefined> {
  let commands = 0;
  return async (action, forMs = PATIENCE_MS) => {
    commands += 1;
    controller.command(
      Command.create({
        id: commandIdOf(commands),
        targetNodeId: SIM_NODE_ID,
        epoch: 1,
        issuedAtUnixMs: controller.nowMs,
        validForMs: 300_000,
        preconditions: { bootId: String(controller.facts.get('boot_id_text')) },
        action,
      }),
    );
    await world.runFor(forMs);
    return controller.eventsOf('commandUpdate').at(-1)?.state;
  };
}
