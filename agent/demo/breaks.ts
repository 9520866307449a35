import type { Files } from '../kit/host/ports.js';
import { readNames } from './cables.js';

/** What a visitor of the demo site can break, as `bramble demo break` calls it. */
export const BREAK_KINDS = [
  ...['pull-plug', 'kill-sd', 'fill-export', 'fail-disk', 'cut-uplink', 'hang', 'bad-image'],
] as const;
type BreakKind = (typeof BREAK_KINDS)[number];

/** One thing that is broken. The same thing broken a second time is another break. */
export interface Break {
  readonly id: number;
  readonly kind: BreakKind;
  /** Which node; a break of the whole site, or of its fileserver, names that. */
  readonly name: string;
}

/** Lines of the file that `npm start` writes: "7 hang demo-02". What is not understood breaks nothing. */
export async function readBreaks(files: Pick<Files, 'readText'>, path: string | undefined): Promise<readonly Break[]> {
  if (path === undefined) return [];
  return [...(await readNames(files, [path]))].flatMap((line) => {
    const [, id = '', word, name = ''] = /^(\d{1,9}) ([a-z-]+) ([a-z0-9-]+)$/.exec(line) ?? [];
    const kind = BREAK_KINDS.find((one) => one === word);
    return kind === undefined ? [] : [{ id: Number(id), kind, name }];
  });
}
