import {
  clientsText,
  type ExportView,
  fullText,
  inodesText,
  roomText,
} from '../../proto/contract/fileserver/exports.js';
import type { Listing } from './output.js';

/** Shares of what is left, below which a person should look; the conditions have the same. */
const LOW_RATIO = 0.05;
const SOON_S = 7 * 86_400;

const isLow = ({ availableBytes, sizeBytes }: ExportView): boolean =>
  availableBytes !== undefined && sizeBytes !== undefined && availableBytes < LOW_RATIO * sizeBytes;
const isSoon = ({ fullInS }: ExportView): boolean => fullInS !== undefined && fullInS < SOON_S;

/** Exports of all fileservers. */
export const EXPORT_LISTING: Listing<ExportView & { readonly node: string }> = {
  columns: [
    { title: 'NODE', text: ({ node }) => node },
    { title: 'PATH', text: ({ path }) => path },
    { title: 'ROOM', text: roomText, tone: (each) => (isLow(each) ? 'bad' : 'good') },
    { title: 'FORECAST', text: fullText, tone: (each) => (isSoon(each) ? 'bad' : 'good') },
    { title: 'INODES', text: inodesText, wide: true },
    { title: 'CLIENTS', text: clientsText },
  ],
  name: ({ node, path }) => `export/${node}${path}`,
  empty: 'No export is known. A fileserver tells of them when its agent runs and exportfs has a table.',
};
