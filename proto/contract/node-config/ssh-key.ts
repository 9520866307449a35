import { visible } from '../visible.js';
import { CONFIG_LIMITS } from './config.js';

/** Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT; OpenSSH sshkey.c. DSA is not among them: no server takes it any more. */
const KEY_TYPES: readonly string[] = [
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
];

const FORM = /^(\S+) ([A-Za-z0-9+/]+={0,2})(?: ([\x20-\x7e]*))?$/;
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export interface SshKey {
  readonly type: string;
  readonly base64: string;
  readonly comment: string;
}

/** A line "type base64 comment"; `undefined` when it is none, or when its key says that it is of another type. */
export function parseSshKey(line: string): SshKey | undefined {
  const [, type, base64, comment = ''] = FORM.exec(line) ?? [];
  if (type === undefined || base64 === undefined || line.length > CONFIG_LIMITS.keyCharacters) return undefined;
  if (!KEY_TYPES.includes(type) || base64.length % 4 !== 0) return undefined;
  return keyTypeInside(base64, type.length) === type ? { type, base64, comment } : undefined;
}

/** A key in few words: what tells it from others for a person. */
export function describeSshKey(line: string): string {
  const key = parseSshKey(line);
  if (key === undefined) return 'an unreadable key';
  const end = key.base64.replace(/=+$/, '').slice(-8);
  return `${key.type} …${end}${key.comment === '' ? '' : ` (${visible(key.comment, 60)})`}`;
}

/** The key begins with the length of its type, in four bytes, and the type. Source: RFC 4253, 6.6; RFC 4251, 5. */
function keyTypeInside(base64: string, length: number): string | undefined {
  const bytes = decodeStart(base64, 4 + length);
  if (bytes.length !== 4 + length || bytes[3] !== length || bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 0) {
    return undefined;
  }
  return String.fromCharCode(...bytes.slice(4));
}

function decodeStart(base64: string, bytesMax: number): readonly number[] {
  const bytes: number[] = [];
  let bits = 0;
  let bitsCount = 0;
  for (const character of base64) {
    if (bytes.length === bytesMax || character === '=') break;
    bits = ((bits << 6) | BASE64.indexOf(character)) & 0xffff;
    bitsCount += 6;
    if (bitsCount < 8) continue;
    bitsCount -= 8;
    bytes.push((bits >> bitsCount) & 0xff);
  }
  return bytes;
}
