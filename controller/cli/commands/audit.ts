import type { AuditVerdict } from '../../../proto/contract/api/audit.js';
import { visible } from '../../../proto/contract/visible.js';
import { auditListing } from '../access-listings.js';
import { print } from '../context.js';
import { EXIT } from '../errors.js';
import { renderData } from '../output.js';
import { durationMs, type Register, wholeNumber } from './register.js';

interface ListOptions {
  readonly limit: number;
  readonly before?: number;
  readonly actor?: string;
  readonly action?: string;
  readonly since?: number;
}

export const registerAudit: Register = (program, run) => {
  const audit = program.command('audit').description('Who did what');

  audit
    .command('list')
    .description('Records of the audit log, newest first')
    .option('--limit <count>', 'how many', wholeNumber, 50)
    .option('--before <number>', 'only records before this one', wholeNumber)
    .option('--actor <name>', 'only what this account did: user:kim, api-token:ID, admin:kim')
    .option('--action <name>', 'only this action: node.revoke, session.login')
    .option('--since <duration>', 'only the last so long', durationMs)
    .action(({ limit, before, actor, action, since }: ListOptions) =>
      run(async (context) => {
        const list = await context.api.audit({
          limit,
          ...(before === undefined ? {} : { beforeSequence: before }),
          ...(actor === undefined ? {} : { actor }),
          ...(action === undefined ? {} : { action }),
          ...(since === undefined ? {} : { sinceMs: context.nowMs() - since }),
        });
        print(context, auditListing(), list.records, list);
        return EXIT.ok;
      }),
    );

  audit
    .command('verify')
    .description('Check every record, and compare the log with what agents remember of it')
    .action(() =>
      run(async (context) => {
        const verdict = await context.api.verifyAudit();
        const { format } = context.screen;
        if (format === 'json' || format === 'yaml') context.out(`${renderData(verdict, format)}\n`);
        else context.out(`${renderVerdict(verdict)}\n`);
        return verdict.intact ? EXIT.ok : EXIT.differences;
      }),
    );
};

function renderVerdict({ intact, recordsCount, head, agentsAsked, faults }: AuditVerdict): string {
  const asked = agentsAsked === 0 ? 'no connected agent remembers it yet' : `${agentsAsked} agents remember it`;
  const read = `${recordsCount} records, the last is ${head.sequence} (${head.hash.slice(0, 16)}); ${asked}`;
  if (intact) return `The log is as it was written: ${read}.`;
  const lines = faults.map(({ sequence, kind, message, rememberedBy }) => {
    const by = rememberedBy === undefined ? '' : ` (remembered by ${visible(rememberedBy, 63)})`;
    return `  record ${sequence}: ${kind}: ${message}${by}`;
  });
  return [`The log is NOT as it was written: ${read}.`, ...lines].join('\n');
}
