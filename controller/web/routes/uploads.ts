import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { BrambleError } from '../../../proto/contract/errors.js';
import { commandId, nodeId } from '../../../proto/contract/ids.js';
import type { WebOptions } from '../options.js';
import { parseInput } from '../parse.js';

const UploadPath = z.object({ id: z.string() });

/** What nodes have uploaded, by the id of the command that asked for it; never shown, only saved. */
export function uploadRoutes(app: FastifyInstance, { fleet, uploads }: WebOptions): void {
  app.get('/api/v1/uploads/:id', async ({ params }, reply) => {
    const id = commandId(parseInput(UploadPath, params).id);
    const { nodeId: of } = await fleet.command(id);
    const found = await uploads.find(nodeId(of), id);
    if (found === undefined) {
      throw new BrambleError('not-found', `nothing was uploaded for command ${id}, or it is no longer kept`, {
        hint: 'bramble node diagnostics NODE asks for another',
      });
    }
    return reply
      .headers({
        'content-length': found.sizeBytes,
        'content-disposition': `attachment; filename="${of}-${id}.tar.gz"`,
      })
      .type('application/gzip')
      .send(found.read());
  });
}
