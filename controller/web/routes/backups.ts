import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { BACKUP_ROUTES } from '../table/backups.js';

export function backupHandlers({ backups }: WebOptions): Handlers<typeof BACKUP_ROUTES> {
  return {
    makeBackup: ({ body, caller }) => backups.make(body, caller),
    promoteController: ({ body, caller }) => backups.promote(body, caller),
  };
}
