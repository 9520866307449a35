import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { LinkService as WireLinkService } from '../../proto/gen/bramble/agent/v1/link.js';
import { decodable } from './edge.js';
import { LinkCall, type LinkDeps, type LinkStream } from './link-call.js';

const { connect } = WireLinkService;

export const LinkService = {
  connect: { ...connect, requestDeserialize: decodable(connect.requestDeserialize) },
} satisfies ServiceDefinition;

export function linkService(deps: LinkDeps): UntypedServiceImplementation {
  return {
    connect: (call: LinkStream) => {
      try {
        new LinkCall(call, deps.edge.node(call), deps).start();
      } catch (thrown) {
        call.emit('error', deps.edge.failed(call, thrown));
      }
    },
  };
}
