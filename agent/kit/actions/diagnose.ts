import { BrambleError } from '../../../proto/contract/errors.js';
import { renderBytes } from '../../../proto/contract/words.js';
import type { ActionArguments, ActionHost, CommandHandler, Outcome } from '../command/handler.js';
import { packBundle } from '../diagnose/bundle.js';
import { type DiagnosePolicy, sectionsOf } from '../diagnose/sections.js';
import { withLimit } from '../limit.js';

type Diagnose = ActionArguments<'diagnose'>;

/** For everything that is collected, ms. */
const COLLECT_LIMIT_MS = 180_000;
/** For the upload with all its attempts, ms; slow links carry a megabyte in that time. */
const UPLOAD_LIMIT_MS = 360_000;

/**
 * Collects a bundle and uploads it under the id of its command. The controller takes one upload for each: a repeated one
 * changes nothing. After a crash the node cannot tell whether the upload arrived; the controller can.
 */
export function makeDiagnose(policy: DiagnosePolicy): CommandHandler<Diagnose> {
  return {
    requiresBootId: false,
    check: async () => undefined,
    before: async () => '',
    run: (_, context, signal) => run(context, policy, signal),
    async observe(_, _before, { commandId }) {
      const detail = `it was cut off; if upload ${commandId} is not there, ask for another`;
      return { kind: 'unknown', detail };
    },
  };
}

async function run(context: ActionHost, policy: DiagnosePolicy, signal: AbortSignal): Promise<Outcome> {
  const { host, agent, commandId } = context;
  const { clock } = host;
  try {
    const bundle = await withLimit({ clock, limitMs: COLLECT_LIMIT_MS, signal }, (inner) =>
      packBundle(host, sectionsOf(context, policy), inner),
    );
    await withLimit({ clock, limitMs: UPLOAD_LIMIT_MS, signal }, (inner) =>
      agent.upload({ commandId, name: 'diagnostics.tar.gz', content: bundle }, inner),
    );
    return { kind: 'succeeded', detail: `upload ${commandId}: ${renderBytes(bundle.length)}` };
  } catch (error) {
    if (signal.aborted) throw error;
    return { kind: 'failed', detail: `no bundle: ${BrambleError.from(error).message}` };
  }
}
