/** A key inside an image is every board's key, and the key of whoever has the image. */

/** How much of a file is looked at. */
export const KEY_SEARCH_BYTES_MAX = 1024 * 1024;

/** Names that only keys have. Sources: sshd_config(5), HostKey; our own agents' state. */
const KEY_PATHS: readonly RegExp[] = [
  /^etc\/ssh\/ssh_host_[a-z0-9]+_key$/,
  /^var\/lib\/(?:private\/)?bramble[a-z-]*\/identity\.json$/,
  /^var\/lib\/(?:private\/)?bramble[a-z-]*\/pki\//,
];

/** The first line of a PEM key and its first content: programs that can read keys have the line alone in them. */
const PEM = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\r?\n(?:[A-Za-z-]+: [^\r\n]*\r?\n)*(?:\r?\n)?[A-Za-z0-9+/=]{16}/;
const OTHERS: readonly RegExp[] = [
  /^PuTTY-User-Key-File-[23]: /,
  /^untrusted comment: minisign (?:encrypted )?secret key/,
  /(?:^|\n)AGE-SECRET-KEY-1[0-9A-Z]{20}/,
  /(?:^|\n)[ \t]*PrivateKey[ \t]*=[ \t]*[A-Za-z0-9+/]{43}=/,
];
/** What every text that can match has in it; a search for these is much cheaper than the patterns. */
const HINTS = ['PRIVATE KEY-----', 'PuTTY-User-Key-File-', 'minisign', 'AGE-SECRET-KEY-1', 'PrivateKey'] as const;

/** Whether a file is a private key, by its name or by the start of its content, one character for each byte. */
export function isPrivateKey(path: string, contentLatin1: string): boolean {
  if (KEY_PATHS.some((form) => form.test(path)) && contentLatin1.length > 0) return true;
  if (!HINTS.some((hint) => contentLatin1.includes(hint))) return false;
  return PEM.test(contentLatin1) || OTHERS.some((form) => form.test(contentLatin1));
}
