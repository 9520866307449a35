/** One measured figure, printed as one line of JSON. */
export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** The same thing measured on something well known, in the same run. */
  readonly baseline?: number;
  readonly baselineName?: string;
  /** In the unit of value, unless goalOn is "ratio". */
  readonly goal?: number;
  readonly goalOn?: 'value' | 'ratio';
  /** Most figures should be small. */
  readonly better?: 'lower' | 'higher';
}

const round = (value: number): number => Number(value.toPrecision(4));

/** Prints the line and says whether the goal was met (true where there is none). */
export function printFigure(figure: Figure, out: (line: string) => void): boolean {
  const ratio = figure.baseline === undefined ? undefined : figure.value / figure.baseline;
  const judged = figure.goalOn === 'ratio' ? ratio : figure.value;
  const met =
    figure.goal === undefined || judged === undefined
      ? undefined
      : figure.better === 'higher'
        ? judged >= figure.goal
        : judged <= figure.goal;
  out(
    JSON.stringify({
      figure: figure.figure,
      value: round(figure.value),
      unit: figure.unit,
      ...(figure.baseline === undefined ? {} : { baseline: round(figure.baseline), baselineName: figure.baselineName }),
      ...(ratio === undefined ? {} : { ratio: round(ratio) }),
      ...(figure.goal === undefined ? {} : { goal: figure.goal }),
      ...(figure.goalOn === 'ratio' ? { goalOn: 'ratio' } : {}),
      ...(met === undefined ? {} : { met }),
    }),
  );
  return met ?? true;
}

/** The middle one of a list that has one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
