import { Server, ServerCredentials } from '@grpc/grpc-js';
import { BrambleError } from '../../proto/contract/errors.js';
import { FILE_DESCRIPTORS } from '../../proto/gen/descriptors.js';
import { SERVER_OPTIONS } from '../../proto/wire/channel.js';
import { Descriptors } from './descriptors.js';
import { HEALTH_SERVICE_NAME, Health, HealthService } from './health-service.js';
import { REFLECTION_SERVICE_NAMES, reflectionDefinition, reflectionService } from './reflection-service.js';

/** Not a setting: what is said here without a password is for this machine. */
const HOST = '127.0.0.1';

export interface Introspection {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * A listener of its own, on loopback and in clear: what services there are, how they are written, and that the controller
 * serves. It has health and reflection and nothing else, so the two doors of agents need not have them for strangers.
 * @throws BrambleError `failed-precondition` when the port is taken
 */
export async function startIntrospection(port: number): Promise<Introspection> {
  const descriptors = new Descriptors(FILE_DESCRIPTORS);
  const names = [...descriptors.services, HEALTH_SERVICE_NAME, ...REFLECTION_SERVICE_NAMES].sort();
  const health = new Health(names);
  const server = new Server(SERVER_OPTIONS);
  server.addService(HealthService, health.service());
  const reflection = reflectionService(descriptors, names);
  for (const name of REFLECTION_SERVICE_NAMES) server.addService(reflectionDefinition(name), reflection);
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${HOST}:${port}`, ServerCredentials.createInsecure(), (error, at) => {
      if (error === null) resolve(at);
      else reject(cannotListen(port, error));
    });
  });
  return {
    port: bound,
    close: async () => {
      health.stop();
      server.forceShutdown();
    },
  };
}

function cannotListen(port: number, cause: Error): BrambleError {
  return new BrambleError('failed-precondition', `cannot listen on ${HOST}:${port}: ${cause.message}`, {
    hint: 'another program may listen there; change introspection.port, or leave it out to have none',
    cause,
  });
}
