import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Clock } from '../../proto/contract/clock.js';
import { BrambleError } from '../../proto/contract/errors.js';
import {
  EnrollmentService,
  type EnrollRequest,
  type EnrollResponse,
  type RenewRequest,
  type RenewResponse,
} from '../../proto/gen/bramble/agent/v1/enrollment.js';
import type { AgentPeer } from '../usecases/agent-messages.js';
import type { CredentialOffer } from '../usecases/credential-offer.js';
import type { EnrollmentAsk, EnrollmentOutcome } from '../usecases/enroll.js';
import type { RenewalAsk } from '../usecases/renew.js';
import type { RpcCounters } from './counters.js';
import { type Caller, decodable, type Edge, type NodeCaller } from './edge.js';
import type { TokenBuckets } from './limits.js';
import { readProof } from './translate-in.js';
import { writeCredential, writeOutcome } from './translate-out.js';

/** Enrollment, cut in two: each listener knows one of its methods and answers UNIMPLEMENTED to the other. */
const { enroll, renew } = EnrollmentService;

export const EnrollService = {
  enroll: { ...enroll, requestDeserialize: decodable(enroll.requestDeserialize) },
} satisfies ServiceDefinition;

export const RenewService = {
  renew: { ...renew, requestDeserialize: decodable(renew.requestDeserialize) },
} satisfies ServiceDefinition;

export interface Enroller {
  ask(ask: EnrollmentAsk, from: string): Promise<EnrollmentOutcome>;
}

export interface Renewer {
  renew(peer: AgentPeer, ask: RenewalAsk): Promise<CredentialOffer>;
}

export function enrollService(
  edge: Edge,
  enroller: Enroller,
  { asks, clock, counters }: { readonly asks: TokenBuckets; readonly clock: Clock; readonly counters: RpcCounters },
): UntypedServiceImplementation {
  return {
    enroll: edge.unary<EnrollRequest, EnrollResponse, Caller>(
      (call) => edge.stranger(call),
      async (request, { session, from }) => {
        if (!asks.tryTake(session.account, clock.monotonicMs())) {
          counters.add('asks_shed_total');
          throw new BrambleError('resource-exhausted', 'too many requests from this address; try again later');
        }
        return writeOutcome(await enroller.ask(readAsk(request), from));
      },
    ),
  };
}

export function renewService(edge: Edge, renewer: Renewer): UntypedServiceImplementation {
  return {
    renew: edge.unary<RenewRequest, RenewResponse, NodeCaller>(
      (call) => edge.node(call),
      async ({ spkiDer, signature, renewalCounter }, { peer }) => ({
        credential: writeCredential(await renewer.renew(peer, { spkiDer, signature, renewalCounter })),
      }),
    ),
  };
}

function readAsk({ step }: EnrollRequest): EnrollmentAsk {
  switch (step?.$case) {
    case 'challenge':
      return { kind: 'challenge', spkiDer: step.value.spkiDer };
    case 'proof':
      return { kind: 'proof', ...readProof(step.value) };
    case undefined:
      throw new BrambleError('unsupported', 'this controller knows no such step of enrolment', {
        hint: 'upgrade the controller before its agents',
      });
  }
}
