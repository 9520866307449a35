/** One figure for /metrics; the web adapter declares the same shape. */
export interface Measure {
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge' | 'counter';
  readonly value: number;
}

/**
 * What a part of the controller counts, as Prometheus wants it. `counts` is by snake_case name; one that ends in `_total`
 * only goes up. `area` goes in front; empty for a part that names its counts fully.
 */
export function measuresOf(area: string, counts: Readonly<Record<string, number>>): readonly Measure[] {
  return Object.entries(counts).map(([name, value]) => {
    const fullName = area === '' ? name : `${area}_${name}`;
    return {
      name: `bramble_${fullName}`,
      help: `${fullName.replace(/_total$/, '').replaceAll('_', ' ')}.`,
      kind: name.endsWith('_total') ? 'counter' : 'gauge',
      value,
    };
  });
}
