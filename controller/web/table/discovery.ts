import { z } from 'zod';
import { TargetList } from '../../../proto/contract/api/lists.js';
import { declareRoute } from '../declare.js';
import { NodeStateWord, NodeWords } from '../lists.js';
import { queryInteger } from '../parse.js';
import { NODE_ID } from './examples.js';

export const DISCOVERY_ROUTES = {
  discoverTargets: declareRoute({
    method: 'GET',
    path: '/sd/prometheus',
    summary: 'Targets for Prometheus (http_sd_config): this controller, which serves the figures of the whole fleet',
    tag: 'probes',
    doors: 'both',
    query: z.strictObject({
      ...NodeWords,
      state: NodeStateWord,
      role: z
        .enum(['controller', 'node'])
        .default('controller')
        .describe('node: every node that is not revoked, for exporters of one’s own; agents serve nothing'),
      port: queryInteger(1, 65_535).default(9_100).describe('where nodes serve their own metrics, if they do'),
    }),
    answer: {
      status: 200,
      description: 'target groups, as http_sd_config wants them',
      schema: TargetList,
      example: [
        {
          targets: ['pi-01:9100'],
          labels: {
            __meta_bramble_role: 'node',
            __meta_bramble_node_id: NODE_ID,
            __meta_bramble_node_name: 'pi-01',
            __meta_bramble_site: 'cam',
            __meta_bramble_kind: 'pi',
            __meta_bramble_state: 'ready',
            __meta_bramble_model: 'Raspberry Pi 3 Model B Rev 1.2',
            __meta_bramble_label_rack: '3',
            __meta_bramble_labelpresent_rack: 'true',
          },
        },
      ],
    },
    errors: [],
  }),
} as const;
