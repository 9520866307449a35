/** Names of nodes: host names (RFC 1123, 2.1), one label in lower case, unique within the fleet. */
export const NODE_NAME_CHARACTERS_MAX = 63;
const NODE_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function isNodeName(text: string): boolean {
  return NODE_NAME.test(text);
}

/** What a host name makes for a name: its first label, and only the characters that a name may have. */
export function nameFromHostname(hostname: string, fallback: string): string {
  const label = (hostname.split('.')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, NODE_NAME_CHARACTERS_MAX)
    .replace(/^-+|-+$/g, '');
  return isNodeName(label) ? label : fallback;
}

/** "pi", "pi-2", "pi-3": the first that nobody has. */
export function numberedName(name: string, number: number): string {
  if (number <= 1) return name;
  const suffix = `-${number}`;
  return name.slice(0, NODE_NAME_CHARACTERS_MAX - suffix.length).replace(/-+$/, '') + suffix;
}
