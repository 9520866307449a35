import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, type ServerDuplexStream } from '@grpc/grpc-js';
import { afterAll } from 'vitest';
import { makeGrpcNet } from '../../agent/kit/host/node/net.js';
import type { TlsIdentity } from '../../agent/kit/host/ports.js';
import { answerTo, describeNet } from '../../agent/kit/testing/net-conformance.js';
import { type OpenedAuthority, openAuthority } from '../../controller/pki/authority.js';
import { systemClock, systemRandom } from '../../controller/system.js';
import { nodeId, siteId } from '../../proto/contract/ids.js';
import { type AgentFrame, type ControllerFrame, LinkService } from '../../proto/gen/bramble/agent/v1/link.js';
import { SERVER_OPTIONS } from '../../proto/wire/channel.js';
import { BrambleServerCredentials } from '../../proto/wire/server-credentials.js';
import { toServiceError } from '../../proto/wire/status.js';

const dir = mkdtempSync(join(tmpdir(), 'bramble-net-'));
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function identityFrom(authority: OpenedAuthority): Promise<TlsIdentity> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { chainPem } = await authority.issueNodeCertificate({
    nodeId: nodeId('n-0000000000001'),
    site: siteId('lab'),
    kind: 'pi',
    spkiDer: publicKey.export({ type: 'spki', format: 'der' }),
  });
  const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { certificateChainPem: chainPem, privateKeyPem, trustRootsPem: authority.trustRootsPem, clockFloorMs: 0 };
}

describeNet('gRPC over mutual TLS', async () => {
  const authority = await openAuthority({ dir, clock: systemClock, random: systemRandom });
  const server = new Server(SERVER_OPTIONS);
  let open = 0;
  server.addService(LinkService, {
    connect: (call: ServerDuplexStream<AgentFrame, ControllerFrame>) => {
      open += 1;
      call.once('close', () => {
        open -= 1;
      });
      call.on('end', () => call.end());
      call.on('data', (frame: AgentFrame) => {
        const answer = answerTo(frame);
        if (answer.kind === 'frame') call.write(answer.frame);
        else if (answer.kind === 'end') call.end();
        else call.emit('error', toServiceError(answer.error));
      });
    },
  });
  const credentials = BrambleServerCredentials.forMembers(authority.serverIdentity, authority.trustRootsPem);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  return {
    net: makeGrpcNet(),
    endpoint: `127.0.0.1:${port}`,
    deadEndpoint: '127.0.0.1:1',
    identity: await identityFrom(authority),
    openStreams: () => open,
    settle: (promise) => promise,
    close: async () => {
      server.forceShutdown();
    },
  };
});
