import { readFileSync } from 'node:fs';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';

/** The least that grpc-js can do with the same streams: mutual TLS, bytes in, nothing kept, nothing decoded. */
export async function runBareServer(identityFile: string): Promise<void> {
  const identity = JSON.parse(readFileSync(identityFile, 'utf8')) as {
    rootsPem: string;
    chainPem: string;
    privateKeyPem: string;
  }; // written by the benchmark itself
  const server = new Server({ 'grpc.max_concurrent_streams': 4 });
  server.addService(
    {
      connect: {
        path: '/bramble.agent.v1.Link/Connect',
        requestStream: true,
        responseStream: true,
        requestSerialize: (bytes: Buffer) => bytes,
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (bytes: Buffer) => bytes,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    },
    {
      connect: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', () => undefined);
        call.on('end', () => call.end());
        call.on('error', () => undefined); // the load generator hangs up when it is done
        call.sendMetadata(call.metadata.clone());
      },
    },
  );
  const credentials = ServerCredentials.createSsl(
    Buffer.from(identity.rootsPem),
    [{ cert_chain: Buffer.from(identity.chainPem), private_key: Buffer.from(identity.privateKeyPem) }],
    true,
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  process.stdout.write(`${JSON.stringify({ ready: true, linkPort: port })}\n`);
}
