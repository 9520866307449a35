const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** "30s", "5m", "12h", "90d" or "250ms" in milliseconds; `undefined` when the text is no such thing. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (match === null) return undefined;
  const unit = match[2] as keyof typeof UNIT_MS; // the pattern lets nothing else through
  return Number(match[1]) * UNIT_MS[unit];
}
