import type { CommandId } from '../../proto/contract/ids.js';

/** When a command id was made, ms since 1970-01-01 UTC: the first 48 bits of a UUID version 7 (RFC 9562, 5.7). */
export function uuidv7TimeMs(id: CommandId): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
