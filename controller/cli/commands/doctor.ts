import { renderCount } from '../../../proto/contract/words.js';
import type { CliContext } from '../context.js';
import { examine } from '../doctor/checks.js';
import { gather } from '../doctor/gather.js';
import type { Finding, Verdict } from '../doctor/gathered.js';
import { EXIT } from '../errors.js';
import { paint, renderData, type Tone } from '../output.js';
import type { Register } from './register.js';

const TONE = { ok: 'good', warn: 'bad', fail: 'bad', unknown: 'dim' } as const satisfies Record<Verdict, Tone>;
const VERDICTS = ['fail', 'warn', 'unknown', 'ok'] as const satisfies readonly Verdict[];

export const registerDoctor: Register = (program, run) => {
  program
    .command('doctor')
    .description('Look for what is wrong between here, the controller and its agents; exit code 9 when something is')
    .action(() =>
      run(async (context) => {
        const findings = examine(await gather(context));
        show(context, findings);
        return findings.some(({ verdict }) => verdict === 'fail') ? EXIT.differences : EXIT.ok;
      }),
    );
};

function show({ screen, out }: CliContext, findings: readonly Finding[]): void {
  const { format, colour } = screen;
  if (format === 'json' || format === 'yaml') {
    out(`${renderData({ findings }, format)}\n`);
  } else if (format === 'name') {
    for (const { check, verdict } of findings) if (verdict !== 'ok') out(`${verdict}/${check}\n`);
  } else {
    const width = Math.max(...findings.map(({ check }) => check.length));
    for (const finding of findings) out(`${lineOf(finding, width, colour)}\n`);
    out(`\n${summaryOf(findings)}\n`);
  }
}

function lineOf({ check, verdict, message, remedy }: Finding, width: number, colour: boolean): string {
  const line = `${paint(verdict.padEnd(7), TONE[verdict], colour)}  ${check.padEnd(width)}  ${message}`;
  return remedy === undefined ? line : `${line}\n${' '.repeat(width + 11)}-> ${remedy}`;
}

/** "1 fail, 2 warn, 17 ok" */
function summaryOf(findings: readonly Finding[]): string {
  const counts = VERDICTS.map(
    (wanted) => [wanted, findings.filter(({ verdict }) => verdict === wanted).length] as const,
  );
  const told = counts.filter(([, count]) => count > 0).map(([verdict, count]) => `${count} ${verdict}`);
  return `${renderCount(findings.length, 'check')}: ${told.join(', ')}`;
}
