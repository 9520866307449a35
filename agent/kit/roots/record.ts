import { isImageId } from '../../../proto/contract/netboot/parse.js';

/** What is known of a generation. It lies beside its volume: complete is what has it. */
export interface GenerationRecord {
  readonly generation: number;
  readonly image: string;
  /** UUID of its export. */
  readonly fsid: string;
  readonly hostname: string;
  /** Lines "type base64", as known_hosts has them behind the name. */
  readonly hostKeys: readonly string[];
  /** The data volume is made anew, of this size, when this is served for the first time: until then it is the one before's. */
  readonly freshDataBytes?: number;
}

/** What is under way with a board's roots; on storage before the first change, removed after the last one. */
export type Intent =
  | { readonly kind: 'prepare'; readonly generation: number }
  | { readonly kind: 'activate'; readonly from: number | undefined; readonly to: number }
  | { readonly kind: 'remove'; readonly keepData: boolean };

export const INTENT_FILE = 'intent.json';

export function renderRecord(record: GenerationRecord | Intent): string {
  return `${JSON.stringify(record)}\n`;
}

/** `undefined` for anything that is not one, such as a file that was cut short. */
export function parseGeneration(text: string | undefined): GenerationRecord | undefined {
  const { generation, image, fsid, hostname, hostKeys, freshDataBytes } = fieldsOf(text);
  if (!isNumber(generation) || typeof image !== 'string' || !isImageId(image)) return undefined;
  if (typeof fsid !== 'string' || typeof hostname !== 'string' || !Array.isArray(hostKeys)) return undefined;
  const known = { generation, image, fsid, hostname, hostKeys: hostKeys.map(String) };
  return isNumber(freshDataBytes) ? { ...known, freshDataBytes } : known;
}

/** `undefined` when nothing is under way. */
export function parseIntent(text: string | undefined): Intent | undefined {
  const { kind, generation, from, to, keepData } = fieldsOf(text);
  if (kind === 'prepare' && isNumber(generation)) return { kind, generation };
  if (kind === 'activate' && isNumber(to)) return { kind, from: isNumber(from) ? from : undefined, to };
  if (kind === 'remove') return { kind, keepData: keepData === true };
  return undefined;
}

/** Beside a volume: it is whole. */
export function recordFile(volumeName: string): string {
  return `${volumeName}.json`;
}

export function generationFolder(generation: number): string {
  return `gen-${generation}`;
}

/** `undefined` for a name that is none of a generation. */
export function generationOf(name: string | undefined): number | undefined {
  const digits = /^gen-([1-9]\d{0,8})$/.exec(name ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function fieldsOf(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {}; // cut short: it is as if it were not there
  }
}
