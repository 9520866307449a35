/** Files that are Bramble's alone: what else is in them goes away. */

const HEAD = '# Kept by Bramble: edits are undone.\n';

/** Source: timesyncd.conf(5). Without servers those of the distribution count. */
export function renderTimesyncd(servers: readonly string[]): string {
  return `${HEAD}[Time]\nNTP=${servers.join(' ')}\n`;
}

/** Source: chrony.conf(5), server and sourcedir. */
export function renderChronySources(servers: readonly string[]): string {
  return HEAD + servers.map((server) => `server ${server} iburst\n`).join('');
}

/** Source: sysctl.d(5). */
export function renderSysctls(sysctls: Readonly<Record<string, string>>): string {
  const names = Object.keys(sysctls).sort();
  return HEAD + names.map((name) => `${name} = ${sysctls[name] ?? ''}\n`).join('');
}
