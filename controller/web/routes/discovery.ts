import type { NodeView } from '../../../proto/contract/api/fleet.js';
import type { TargetList } from '../../../proto/contract/api/lists.js';
import { authorise } from '../../domain/access/authorise.js';
import { nodeFilterOf } from '../lists.js';
import type { Handlers } from '../mount.js';
import type { DISCOVERY_ROUTES } from '../table/discovery.js';

/** The whole fleet in one answer, as http_sd_config wants it. */
const NODES_MAX = 100_000;

/**
 * Service discovery of Prometheus: what serves figures, which is the controller. Agents listen nowhere, so nodes are told
 * only to who asks for them, by their names: whoever scrapes an exporter of their own relabels __address__ to where it is.
 * Source: https://prometheus.io/docs/prometheus/latest/http_sd/
 */
export function discoveryHandlers(): Handlers<typeof DISCOVERY_ROUTES> {
  return {
    discoverTargets({ query, request, caller, fleet }) {
      const { role, port, state } = query;
      if (role === 'node') {
        const { items } = fleet.nodePage({ ...nodeFilterOf(query), state, limit: NODES_MAX });
        return items.filter((node) => node.state !== 'revoked').map((node) => nodeTarget(node, port));
      }
      const { host } = request.headers;
      // Under the address that Prometheus itself asked; through the socket there is none. For whoever may scrape it only:
      // its figures are of the whole fleet, so a token for one site would see a target that is always down.
      const isTarget = host !== undefined && host !== '' && authorise(caller.principal, 'metrics.read');
      return isTarget ? [controllerTarget(host)] : [];
    },
  };
}

function controllerTarget(host: string): TargetList[number] {
  return { targets: [host], labels: { __meta_bramble_role: 'controller', __metrics_path__: '/metrics' } };
}

function nodeTarget({ id, name, site, kind, state, model, labels }: NodeView, port: number): TargetList[number] {
  const own = Object.entries(labels).flatMap(([key, value]) => [
    [`__meta_bramble_label_${labelName(key)}`, value] as const,
    [`__meta_bramble_labelpresent_${labelName(key)}`, 'true'] as const,
  ]);
  return {
    targets: [`${name}:${port}`],
    labels: {
      __meta_bramble_role: 'node',
      __meta_bramble_node_id: id,
      __meta_bramble_node_name: name,
      __meta_bramble_site: site,
      __meta_bramble_kind: kind,
      __meta_bramble_state: state,
      __meta_bramble_model: model,
      ...Object.fromEntries(own),
    },
  };
}

/** Names of Prometheus labels have letters, digits and underscores only; two keys that differ elsewhere share a name. */
function labelName(key: string): string {
  return key.replaceAll(/[^A-Za-z0-9_]/g, '_');
}
