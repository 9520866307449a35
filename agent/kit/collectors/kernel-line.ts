import type { KernelFiles } from '../host/ports.js';

/** The one line of a file in /sys or /proc, without its newline; `undefined` when absent, not readable or cut short. */
export function readLine(kernel: KernelFiles, path: string): string | undefined {
  const text = kernel.readText(path);
  return text?.endsWith('\n') === true ? text.slice(0, -1) : undefined;
}

/** As readLine, where the line is a whole number that is not negative; `undefined` for anything else. */
export function readCount(kernel: KernelFiles, path: string): number | undefined {
  const line = readLine(kernel, path);
  return line !== undefined && /^\d{1,15}$/.test(line) ? Number(line) : undefined;
}

/** Entries of a directory that are `prefix` and a number, in the order of the numbers. */
export function listNumbered(kernel: KernelFiles, directory: string, prefix: string): readonly string[] {
  const numberOf = (name: string): number => Number(name.slice(prefix.length));
  return (kernel.list(directory) ?? [])
    .filter((name) => name.startsWith(prefix) && /^\d{1,4}$/.test(name.slice(prefix.length)))
    .sort((a, b) => numberOf(a) - numberOf(b));
}
