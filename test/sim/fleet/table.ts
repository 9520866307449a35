import type { Outcome } from './campaign.js';

type Row = readonly [string, (outcome: Outcome) => string | number];

const FIGURES: readonly Row[] = [
  ['node-months', ({ nodeMonths }) => nodeMonths],
  ['node-minutes down', ({ downMinutes }) => downMinutes],
  ['disruptive actions', ({ disruptive }) => disruptive],
  ['  needless', ({ needlessDisruptive }) => needlessDisruptive],
  ['destructive actions', ({ destructive }) => destructive],
  ['  needless', ({ needlessDestructive }) => needlessDestructive],
  ['sent somebody there', ({ hands }) => hands],
];

/** Outcomes side by side; then, for each fault of a node, what was healed without hands and how fast. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const faults = [...new Set(outcomes.flatMap((outcome) => Object.keys(outcome.faults)))].sort();
  const healed = faults
    .filter((name) => outcomes.some(({ faults }) => (faults[name]?.medianHealMinutes ?? undefined) !== undefined))
    .map(
      (name): Row => [
        name,
        ({ faults }) => {
          const fault = faults[name];
          if (fault === undefined) return '-';
          const median = fault.medianHealMinutes === undefined ? 'never' : `${fault.medianHealMinutes} min`;
          return `${fault.healedPercent} % in ${median}`;
        },
      ],
    );
  const rows = [
    ['', ...outcomes.map(({ healer }) => healer)],
    ...[...FIGURES, ...healed].map(([name, of]) => [name, ...outcomes.map((one) => String(of(one)))]),
  ];
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, at) => Math.max(most[at] ?? 0, cell.length)), []);
  return `${rows.map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ')).join('\n')}\n`;
}
