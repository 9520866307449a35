import { BrambleError } from '../../../proto/contract/errors.js';
import { nodeId } from '../../../proto/contract/ids.js';
import { ANSWERED, type Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { UPLOAD_ROUTES } from '../table/uploads.js';

/** What nodes have uploaded, by the id of the command that asked for it; never shown, only saved. */
export function uploadHandlers({ uploads }: WebOptions): Handlers<typeof UPLOAD_ROUTES> {
  return {
    async getUpload({ params: { id }, reply, fleet }): Promise<typeof ANSWERED> {
      const { nodeId: of } = await fleet.commandOfUpload(id);
      const found = await uploads.find(nodeId(of), id);
      if (found === undefined) {
        throw new BrambleError('not-found', `nothing was uploaded for command ${id}, or it is no longer kept`, {
          hint: 'bramble node diagnostics NODE asks for another',
        });
      }
      reply.headers({
        'content-length': found.sizeBytes,
        'content-disposition': `attachment; filename="${of}-${id}.tar.gz"`,
      });
      reply.type('application/gzip').send(found.read());
      return ANSWERED;
    },
  };
}
