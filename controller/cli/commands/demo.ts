import { dirname, join } from 'node:path';
import { Argument } from 'commander';
import { DEMO_BREAK_NAMES, DemoAnswer, type DemoBreak, type DemoOrder } from '../../../proto/contract/api/demo.js';
import { BrambleError, type ErrorCode } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../errors.js';
import { renderData } from '../output.js';
import type { Register } from './register.js';

/** `bramble demo ...`: breaks things in the demo site of `npm start`, and only there. */
export const registerDemo: Register = (program, run) => {
  const demo = program.command('demo').description('Break something in the demo site of npm start, and see it heal');
  demo
    .command('break')
    .description('Break something; the page shows what is found out and done about it')
    .addArgument(new Argument('<what>', 'what to break').choices(DEMO_BREAK_NAMES))
    .argument('[node]', 'a Pi of the demo site; one that can break that way when not given')
    .action((what: DemoBreak, node: string | undefined) =>
      run((context) => tell(context, { kind: 'break', what, ...(node === undefined ? {} : { node }) })),
    );
  demo
    .command('mend')
    .description('Mend everything that was broken so')
    .action(() => run((context) => tell(context, { kind: 'mend' })));
};

async function tell(context: CliContext, order: DemoOrder): Promise<number> {
  const where = context.where();
  if (where.kind !== 'socket') {
    throw new BrambleError('failed-precondition', 'only the demo site of this machine can be broken', {
      hint: 'name the socket of npm start with --socket',
    });
  }
  const path = join(dirname(where.path), 'demo', 'demo.sock');
  if (!context.host.exists(path)) {
    throw new BrambleError('not-found', 'no demo site runs beside this controller', {
      hint: 'npm start starts one; nothing else can be broken with this command',
    });
  }
  const transport = context.host.connect({ kind: 'socket', path }, context.host.userName);
  const { status, text } = await transport.request('POST', '/', order, context.signal);
  const answer: unknown = JSON.parse(text);
  if (status !== 200) throw refusalOf(answer);
  const { said } = DemoAnswer.parse(answer);
  const { format } = context.screen;
  context.out(`${format === 'json' || format === 'yaml' ? renderData({ said }, format) : visible(said, 500)}\n`);
  return EXIT.ok;
}

function refusalOf(answer: unknown): BrambleError {
  const of = (key: string): string | undefined =>
    typeof answer === 'object' && answer !== null && key in answer ? String(Reflect.get(answer, key)) : undefined;
  const known: readonly ErrorCode[] = ['not-found', 'failed-precondition'];
  const code = known.find((each) => each === of('code')) ?? 'invalid-argument';
  const hint = of('hint');
  return new BrambleError(code, of('message') ?? 'the demo site refused it', hint === undefined ? {} : { hint });
}
