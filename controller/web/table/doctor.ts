import { ControllerFacts } from '../../../proto/contract/api/doctor.js';
import { declareRoute } from '../declare.js';
import { AT_MS } from './examples.js';

export const DOCTOR_ROUTES = {
  examineController: declareRoute({
    method: 'GET',
    path: '/api/v1/doctor',
    summary: 'What the controller knows of its own machine, certificates and agents, for bramble doctor to judge',
    tag: 'controller',
    doors: 'both',
    answer: {
      status: 200,
      description: 'facts, not judged',
      schema: ControllerFacts,
      example: {
        ...{ nowMs: AT_MS, version: '0.1.0', upForMs: 86_400_000, clockSteppedMs: 12 },
        host: {
          dataDir: { freeBytes: 30e9, totalBytes: 60e9 },
          openFiles: { openCount: 140, limit: 65_536 },
          ...{ eventLoopDelayMs: 21, clockSynchronised: 'yes', runtime: 'v22.21.1', lastBackupAtMs: AT_MS - 3_600_000 },
        },
        store: { schemaVersion: 3, sizeBytes: 1_048_576 },
        parts: [{ part: 'store', ready: true, detail: 'takes transactions' }],
        endpoints: { link: ['controller.example:7443'], enrol: 'controller.example:7442' },
        certificates: [{ role: 'root', expiresAtMs: AT_MS + 300_000_000_000 }],
        nodes: {
          inService: 24,
          agentVersions: [{ version: '0.1.0', count: 24 }],
          expiring: { count: 0, first: [] },
          clocks: { count: 1, first: [{ name: 'pi-07', site: 'cam', message: 'its clock is 60 s behind' }] },
        },
      },
    },
    errors: ['permission-denied'],
  }),
} as const;
