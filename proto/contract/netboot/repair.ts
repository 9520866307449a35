/** What a repair of the boot path answers when everything was as it should be: whoever ordered it looks for another cause. */
export const NOTHING_REPAIRED = 'nothing had to be repaired';
