import type { Handlers } from '../mount.js';
import type { BOARD_ROUTES } from '../table/boards.js';

export function boardHandlers(): Handlers<typeof BOARD_ROUTES> {
  return {
    getNodeBoot: ({ params, fleet }) => fleet.nodeBoot(params.id),
    listBoards: ({ query: { site, of }, fleet }) => ({
      boards: [...fleet.boards({ site, unknownOnly: of === 'unknown' })],
    }),
  };
}
