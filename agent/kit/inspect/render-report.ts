import type { NodeKind } from '../../../proto/contract/ids.js';
import { visible } from '../../../proto/contract/visible.js';
import type { Finding } from './collect-once.js';
import { factWords, valueWords } from './value-words.js';

export interface OneReport {
  readonly kind: NodeKind;
  readonly agentVersion: string;
  readonly hostRoot: string;
  /** Ms since 1970-01-01 UTC. */
  readonly takenAtUnixMs: number;
  readonly findings: readonly Finding[];
}

/** For programs: facts by their contract names, in their contract units. */
export function renderJson({ findings, ...about }: OneReport): string {
  const collectors = findings.map(({ collector, state, why, durationUs }) => {
    return { name: collector, state, ...(why === '' ? {} : { why }), durationUs };
  });
  const facts = findings.flatMap(({ samples }) => samples);
  return `${JSON.stringify({ ...about, collectors, facts }, undefined, 2)}\n`;
}

/** For people: one block per collector, three columns. */
export function renderText(report: OneReport): string {
  const blocks = report.findings.map((finding) => ({ finding, rows: finding.samples.map(rowOf) }));
  const rows = blocks.flatMap((block) => block.rows);
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: Row): string =>
    `  ${row[0].padEnd(widths[0] ?? 0)}  ${row[1].padEnd(widths[1] ?? 0)}  ${row[2]}`.trimEnd();
  return blocks.map(({ finding, rows: own }) => [headingOf(finding), ...own.map(line), ''].join('\n')).join('\n');
}

type Row = readonly [what: string, instance: string, value: string];

function rowOf(sample: Finding['samples'][number]): Row {
  return [factWords(sample.fact), visible(sample.instance), valueWords(sample)];
}

function headingOf({ collector, state, why }: Finding): string {
  if (state === 'ok') return collector;
  return `${collector}: ${state === 'no-data' ? 'no data' : state} (${visible(why)})`;
}
