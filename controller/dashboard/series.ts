/** Turns what was recorded of a fact into values at even distances. Pure. */

/** [at, value], oldest first; a value is written only when it changed, and holds until the next one. */
export type Points = readonly (readonly [atMs: number, value: number])[];

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** Of how many equal parts it consists. */
  readonly parts: number;
}

/** One value per part; `undefined` where nothing is known. */
export type Values = readonly (number | undefined)[];

/** Without any change of any fact for so long, nobody knows whether the node was heard. */
const SILENCE_MS = 600_000;

/**
 * When a node was heard, by the changes of several of its facts: the parts of the span in which values hold.
 * @param lastSeenMs after it nothing is known
 */
export function knownParts(all: readonly Points[], lastSeenMs: number, span: Span): readonly boolean[] {
  const heard = all.flatMap((points) => points.map(([atMs]) => atMs)).sort((a, b) => a - b);
  let next = 0;
  let latestMs = Number.NEGATIVE_INFINITY;
  return partsOf(span).map(({ startMs, endMs }) => {
    for (let atMs = heard[next]; atMs !== undefined && atMs < endMs; atMs = heard[++next]) latestMs = atMs;
    const upcomingMs = heard[next] ?? lastSeenMs;
    const isBetween = latestMs >= startMs || (upcomingMs >= startMs && upcomingMs - latestMs <= SILENCE_MS);
    return latestMs !== Number.NEGATIVE_INFINITY && isBetween && startMs <= lastSeenMs;
  });
}

/** Mean of what was recorded in each part, or the value that holds there. */
export function gaugeValues(points: Points, known: readonly boolean[], span: Span): Values {
  let next = 0;
  let held: number | undefined;
  return partsOf(span).map(({ endMs }, part) => {
    let sum = 0;
    let count = 0;
    for (let point = points[next]; point !== undefined && point[0] < endMs; point = points[++next]) {
      held = point[1];
      if (point[0] < span.fromMs) continue;
      sum += held;
      count += 1;
    }
    if (known[part] !== true) return undefined;
    return count > 0 ? sum / count : held;
  });
}

/** How fast a counter grew in each part, per second; unknown where it was set back. */
export function counterRates(points: Points, known: readonly boolean[], span: Span): Values {
  const partS = (span.toMs - span.fromMs) / span.parts / 1_000;
  const earlier = points.findIndex(([atMs]) => atMs >= span.fromMs);
  let next = earlier < 0 ? points.length : earlier;
  let held = points[next - 1]?.[1];
  return partsOf(span).map(({ endMs }, part) => {
    const before = held;
    for (let point = points[next]; point !== undefined && point[0] < endMs; point = points[++next]) held = point[1];
    // What grew while nothing was known did not grow in the part in which it shows.
    const isKnown = known[part] === true && (part === 0 || known[part - 1] === true);
    if (!isKnown || before === undefined || held === undefined || held < before) return undefined;
    return (held - before) / partS;
  });
}

function partsOf({ fromMs, toMs, parts }: Span): readonly { readonly startMs: number; readonly endMs: number }[] {
  const lengthMs = (toMs - fromMs) / parts;
  return Array.from({ length: parts }, (_, part) => ({
    startMs: fromMs + part * lengthMs,
    endMs: fromMs + (part + 1) * lengthMs,
  }));
}
