import type { IncidentDetail, IncidentList } from '../../proto/contract/api/incidents.js';
import { SHOWN_AFTER_MS } from './incidents-view.js';

/** Stories that are fetched; the others are in `bramble incident list`. */
const SHOWN_MAX = 12;
const ASKED = 30;

type GetJson = <Data>(path: string) => Promise<Data>;

/**
 * What is wrong, and what was until a short while ago, with its story.
 * @param known those that were fetched before: a story that is over is not asked for again
 */
export async function fetchIncidents(
  getJson: GetJson,
  known: readonly IncidentDetail[],
  controllerMs: number,
): Promise<readonly IncidentDetail[]> {
  const { incidents } = await getJson<IncidentList>(`/api/v1/incidents?state=all&limit=${ASKED}`);
  const told = new Map(known.map((incident) => [incident.id, incident]));
  const wanted = incidents.filter(
    ({ closedAtMs }) => closedAtMs === undefined || controllerMs - closedAtMs < SHOWN_AFTER_MS,
  );
  const open = wanted.filter(({ state }) => state === 'open');
  const shown = [...open, ...wanted.filter(({ state }) => state === 'closed')].slice(0, SHOWN_MAX);
  return await Promise.all(
    shown.map(async ({ id, state }) => {
      const before = told.get(id);
      if (before?.state === 'closed' && state === 'closed') return before;
      return await getJson<IncidentDetail>(`/api/v1/incidents/${id}`);
    }),
  );
}
