import type { Command } from 'commander';
import type { MaintenanceView } from '../../../proto/contract/api/fleet.js';
import { visible } from '../../../proto/contract/visible.js';
import type { ScopeName } from '../api-client.js';
import type { CliContext } from '../context.js';
import { type DryRunOption, tryOut, withDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { renderData } from '../output.js';
import { resolveNode } from '../resolve.js';
import { durationMs, type RunCommand } from './register.js';

const HOUR_MS = 3_600_000;

interface StartOptions extends DryRunOption {
  readonly reason: string;
  readonly owner?: string;
  /** Milliseconds from now. */
  readonly for: number;
}

/** `maintain` and `resume`, of a node or of a site. */
export function registerMaintenance(parent: Command, run: RunCommand, kind: ScopeName['kind']): void {
  const argument = kind === 'node' ? '<name|id>' : '<site>';
  const maintain = parent
    .command('maintain')
    .description(`Say that you work on a ${kind}: its trouble is expected until you end it, or the time is over`);
  withDryRun(maintain)
    .argument(argument)
    .requiredOption('--reason <text>', 'what is done')
    .option('--for <duration>', 'for how long, 1h when not given, at most 90d', durationMs, HOUR_MS)
    .option('--owner <name>', 'whom to ask, you when not given')
    .action((name: string, options: StartOptions) =>
      run(async (context) => {
        const { reason, owner } = options;
        const untilMs = context.nowMs() + options.for;
        const scope = await scopeOf(context, kind, name);
        const ask = { reason, untilMs, ...(owner === undefined ? {} : { owner }) };
        if (options.dryRun === true) {
          const operation = { op: 'start-maintenance', scope: batchScope(scope), start: ask } as const;
          return tryOut(context, operation, `begin the maintenance of ${name}`);
        }
        const { maintenance } = await context.api.startMaintenance(scope, ask);
        return tell(context, name, maintenance);
      }),
    );
  withDryRun(parent.command('resume').description(`End the maintenance of a ${kind}`))
    .argument(argument)
    .action((name: string, { dryRun }: DryRunOption) =>
      run(async (context) => {
        const scope = await scopeOf(context, kind, name);
        if (dryRun === true) {
          const operation = { op: 'end-maintenance', scope: batchScope(scope) } as const;
          return tryOut(context, operation, `end the maintenance of ${name}`);
        }
        const { maintenance } = await context.api.endMaintenance(scope);
        return tell(context, name, maintenance);
      }),
    );
}

export function maintenanceText(maintenance: MaintenanceView | undefined): string {
  if (maintenance === undefined) return 'no';
  const { owner, reason, untilMs, scope } = maintenance;
  const until = `${new Date(untilMs).toISOString().slice(0, 16)}Z`;
  return `until ${until}, by ${owner}: ${reason}${scope === 'site' ? ' (its whole site)' : ''}`;
}

async function scopeOf(context: CliContext, kind: ScopeName['kind'], name: string): Promise<ScopeName> {
  return { kind, name: kind === 'site' ? name : (await resolveNode(context.api, name)).id };
}

function batchScope({ kind, name }: ScopeName): { node: string } | { site: string } {
  return kind === 'node' ? { node: name } : { site: name };
}

function tell(context: CliContext, name: string, maintenance: MaintenanceView | undefined): number {
  const { format } = context.screen;
  if (format === 'json' || format === 'yaml') context.out(`${renderData({ maintenance }, format)}\n`);
  else context.out(`${visible(name)}: ${visible(`maintenance ${maintenanceText(maintenance)}`, 1_000)}\n`);
  return EXIT.ok;
}
