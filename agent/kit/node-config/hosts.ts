/** Debian's address for the machine's own name. Source: Debian Reference, 5.1.1 (the hostname resolution). */
const OWN_ADDRESS = '127.0.1.1';

/**
 * /etc/hosts with the machine's own name at 127.0.1.1. There the former name is replaced, alone and with a domain after
 * it; every other byte stays.
 */
export function renderHosts(text: string | undefined, former: string, hostname: string): string {
  const lines = (text ?? '').split(/(?<=\n)/);
  const index = lines.findIndex((line) => wordsOf(line)[0] === OWN_ADDRESS);
  const line = lines[index];
  if (line === undefined) {
    const separator = text === undefined || text === '' || text.endsWith('\n') ? '' : '\n';
    return `${text ?? ''}${separator}${OWN_ADDRESS}\t${hostname}\n`;
  }
  if (wordsOf(line).includes(hostname)) return text ?? '';
  return [...lines.slice(0, index), renamed(line, former, hostname), ...lines.slice(index + 1)].join('');
}

function renamed(line: string, former: string, hostname: string): string {
  const [, entry = '', rest = ''] = /^([^#\n]*)(.*)$/s.exec(line) ?? [];
  const replaced = entry.replace(/\S+/g, (word) => {
    if (word === former) return hostname;
    return former !== '' && word.startsWith(`${former}.`) ? hostname + word.slice(former.length) : word;
  });
  if (wordsOf(replaced).includes(hostname)) return replaced + rest;
  return `${replaced.trimEnd()} ${hostname}${rest.startsWith('#') ? ' ' : ''}${rest}`;
}

function wordsOf(line: string): readonly string[] {
  const entry = line.split('#', 1)[0] ?? '';
  return entry.split(/\s+/).filter((word) => word !== '');
}
