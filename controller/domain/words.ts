/** Quantities in words for people: binary sizes, percentages, durations. */

const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** 1536 -> "1.5 KiB". */
export function renderBytes(bytes: number): string {
  let size = bytes;
  let step = 0;
  while (Math.abs(size) >= 1024 && step < SIZES.length - 1) {
    size /= 1024;
    step += 1;
  }
  return `${step === 0 ? Math.round(size) : size.toFixed(1)} ${SIZES[step] ?? ''}`;
}

/** 0.094 -> "9.4 %". */
export function renderPercent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}

/** The two largest units that count: 7_500_000 -> "2 h 5 min". */
export function renderDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return join(minutes, 'min', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return join(hours, 'h', minutes % 60, 'min');
  return join(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** 1, "error" -> "1 error"; 2, "error" -> "2 errors". */
export function renderCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
