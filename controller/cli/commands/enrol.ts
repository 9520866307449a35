import { Option } from 'commander';
import type { EnrollmentState } from '../api-client.js';
import { print } from '../context.js';
import { type DryRunOption, tryOut, withDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { enrollmentListing } from '../listings.js';
import { resolveEnrollment } from '../resolve.js';
import { DEFAULT_REASON, type Register } from './register.js';

interface DecideOptions extends DryRunOption {
  readonly reason: string;
}

export const registerEnrol: Register = (program, run) => {
  const enrol = program.command('enrol').alias('enroll').description('Decide who may join');

  enrol
    .command('list')
    .description('Who asked to join')
    .addOption(new Option('--state <state>').choices(['pending', 'approved', 'rejected']).default('pending'))
    .action(({ state }: { readonly state: EnrollmentState }) =>
      run(async (context) => {
        const enrollments = await context.api.enrollments(state);
        print(context, enrollmentListing(context.nowMs()), enrollments, { enrollments });
        return EXIT.ok;
      }),
    );

  withDryRun(
    enrol.command('approve').description('Let a waiting node join; compare its words with those that the node shows'),
  )
    .argument('<fingerprint>', 'at least its first 8 digits')
    .option('--name <name>', 'what to call the node; its hostname when not given')
    .option('--reason <text>', 'kept with the decision', DEFAULT_REASON)
    .action((prefix: string, { name, reason, dryRun }: DecideOptions & { readonly name?: string }) =>
      run(async (context) => {
        const { fingerprint } = await resolveEnrollment(context.api, prefix);
        if (dryRun === true) {
          const approve = { reason, ...(name === undefined ? {} : { name }) };
          return tryOut(context, { op: 'approve-enrollment', fingerprint, approve }, `let ${fingerprint} join`);
        }
        const view = await context.api.approve(fingerprint, reason, name);
        print(context, enrollmentListing(context.nowMs()), [view], view);
        return EXIT.ok;
      }),
    );

  withDryRun(enrol.command('reject').description('Send a waiting node away'))
    .argument('<fingerprint>', 'at least its first 8 digits')
    .option('--reason <text>', 'kept with the decision', DEFAULT_REASON)
    .action((prefix: string, { reason, dryRun }: DecideOptions) =>
      run(async (context) => {
        const { fingerprint } = await resolveEnrollment(context.api, prefix);
        if (dryRun === true) {
          return tryOut(context, { op: 'reject-enrollment', fingerprint, reason }, `send ${fingerprint} away`);
        }
        const view = await context.api.reject(fingerprint, reason);
        print(context, enrollmentListing(context.nowMs()), [view], view);
        return EXIT.ok;
      }),
    );
};
