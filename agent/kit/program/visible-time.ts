/** UTC to the second, as RFC 3339 writes it. */
export function visibleTime(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 19)}Z`;
}
