import { BackupCreate, BackupView, PromotionCreate, PromotionView } from '../../../proto/contract/api/backup.js';
import { declareRoute } from '../declare.js';
import { AT_MS } from './examples.js';

export const BACKUP_ROUTES = {
  makeBackup: declareRoute({
    method: 'POST',
    path: '/api/v1/backups',
    summary: 'Write a consistent copy of what must not be lost into the data directory',
    tag: 'controller',
    // A copy of the keys is of use to nobody but the machine's own administrator.
    doors: 'admin',
    body: BackupCreate,
    answer: {
      status: 201,
      description: 'whole and on disk',
      schema: BackupView,
      example: {
        name: 'bramble-20261120T120000000Z',
        path: '/var/lib/bramble/backups/bramble-20261120T120000000Z',
        madeAtMs: AT_MS,
        schemaVersion: 3,
        sizeBytes: 1_048_576,
        withKeys: true,
      },
    },
    errors: ['aborted', 'unavailable'],
  }),
  promoteController: declareRoute({
    method: 'POST',
    path: '/api/v1/promotions',
    summary: 'End the hold on commands after a restore, at an epoch above every one that was seen',
    tag: 'controller',
    doors: 'admin',
    body: PromotionCreate,
    answer: {
      status: 201,
      description: 'commands go out again',
      schema: PromotionView,
      example: { epoch: 5, epochBefore: 4, heldBecause: 'this controller was restored from a backup' },
    },
    errors: ['failed-precondition'],
  }),
} as const;
