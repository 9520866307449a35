import type { CliContext } from '../context.js';
import { EXIT } from '../errors.js';
import { uplinkText } from '../listings.js';
import { renderData, renderPairs } from '../output.js';
import { maintenanceText } from './maintenance.js';

/** @throws BrambleError `not-found` */
export async function describeSite(context: CliContext, name: string): Promise<number> {
  const view = await context.api.site(name);
  const { format } = context.screen;
  if (format === 'json' || format === 'yaml') {
    context.out(`${renderData(view, format)}\n`);
  } else if (format === 'name') {
    context.out(`site/${view.name}\n`);
  } else {
    const states = Object.entries(view.nodesByState).filter(([, count]) => count > 0);
    const pairs = [
      ['Name', view.name],
      ['Label', view.label],
      ['Location', view.location],
      ['Uplink', uplinkText(view.uplink)],
      ['Maintenance', maintenanceText(view.maintenance)],
      ['Nodes', states.map(([state, count]) => `${count} ${state}`).join(', ') || 'none'],
      ['Made', new Date(view.createdAtMs).toISOString()],
    ] as const;
    context.out(`${renderPairs(pairs)}\n`);
  }
  return EXIT.ok;
}
