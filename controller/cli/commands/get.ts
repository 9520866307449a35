import { print } from '../context.js';
import { EXIT } from '../errors.js';
import { enrollmentListing, nodeListing, tokenListing } from '../listings.js';
import type { Register } from './register.js';

export const registerGet: Register = (program, run) => {
  const get = program.command('get').description('List nodes, tokens or enrolments');

  get
    .command('nodes')
    .description('All nodes, trouble first')
    .action(() =>
      run(async (context) => {
        const nodes = await context.api.nodes();
        print(context, nodeListing(context.nowMs()), nodes.toSorted(troubleFirst), { nodes });
        return EXIT.ok;
      }),
    );

  get
    .command('tokens')
    .description('Join tokens; their secrets are not kept')
    .action(() =>
      run(async (context) => {
        const tokens = await context.api.tokens();
        print(context, tokenListing(context.nowMs()), tokens, { tokens });
        return EXIT.ok;
      }),
    );

  get
    .command('enrolments')
    .alias('enrollments')
    .description('Who waits for approval')
    .action(() =>
      run(async (context) => {
        const enrollments = await context.api.enrollments('pending');
        print(context, enrollmentListing(context.nowMs()), enrollments, { enrollments });
        return EXIT.ok;
      }),
    );
};

const ORDER = ['frozen', 'troubled', 'no-contact', 'unknown', 'ready', 'revoked'] as const;

function troubleFirst(a: { state: (typeof ORDER)[number]; name: string }, b: typeof a): number {
  return ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.name < b.name ? -1 : 1);
}
