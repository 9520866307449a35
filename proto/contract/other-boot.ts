/** With these words an agent refuses a command that names another boot than the present one: nothing was done. */
export function refusedForBoot(wanted: string): string {
  return `it is for boot ${wanted}; this is `;
}
