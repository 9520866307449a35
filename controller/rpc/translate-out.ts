import { assertNever } from '../../proto/contract/assert.js';
import type { Credential, EnrollResponse } from '../../proto/gen/bramble/agent/v1/enrollment.js';
import type { ControllerFrame } from '../../proto/gen/bramble/agent/v1/link.js';
import type { ToAgent } from '../usecases/agent-messages.js';
import type { CredentialOffer } from '../usecases/credential-offer.js';
import type { EnrollmentOutcome } from '../usecases/enroll.js';
import { writeGoodbyeReason } from './enums.js';
import { writeNodeConfig } from './translate-config.js';
import { writeTunnelAnswer } from './translate-tunnel.js';

/** From our words to the wire. */

export function writeFrame(message: ToAgent): ControllerFrame {
  return { frame: writeCase(message) };
}

function writeCase(message: ToAgent): NonNullable<ControllerFrame['frame']> {
  switch (message.kind) {
    case 'welcome': {
      const { sessionId, controllerMs, epoch, cadence, desiredRevision, commandsHeld } = message;
      const value = { sessionId, controllerUnixMs: controllerMs, epoch, cadence, desiredRevision, commandsHeld };
      return { $case: 'welcome', value };
    }
    case 'report-ack':
      return { $case: 'reportAck', value: { throughSequence: message.throughSequence } };
    case 'event-ack':
      return { $case: 'eventAck', value: { throughSequence: message.throughSequence } };
    case 'desired-state-changed':
      return { $case: 'desiredStateChanged', value: { revision: message.revision } };
    case 'desired-state':
      return {
        $case: 'desiredState',
        value: {
          revision: message.revision,
          cadence: message.cadence,
          config: message.config && writeNodeConfig(message.config),
        },
      };
    case 'command': {
      const { payload, keyId, signature } = message.command;
      return { $case: 'command', value: { payload: Buffer.from(payload), keyId, signature: Buffer.from(signature) } };
    }
    case 'probe':
      return { $case: 'probe', value: { nonce: message.nonce } };
    case 'goodbye': {
      const { reason, expectedBackMs, detail } = message;
      return { $case: 'goodbye', value: { reason: writeGoodbyeReason(reason), expectedBackMs, detail } };
    }
    case 'audit-head': {
      const { sequence, hash } = message.head;
      return { $case: 'auditHead', value: { sequence, hash: Buffer.from(hash, 'hex') } };
    }
    case 'tunnel-profile':
      return { $case: 'tunnelProfile', value: writeTunnelAnswer(message.answer) };
    case 'resync':
      return { $case: 'resync', value: {} };
    default:
      return assertNever(message, 'message to an agent');
  }
}

export function writeOutcome(outcome: EnrollmentOutcome): EnrollResponse {
  switch (outcome.kind) {
    case 'challenge':
      return { outcome: { $case: 'challenge', value: { nonce: Buffer.from(outcome.nonce) } } };
    case 'pending': {
      const { pollAfterMs, fingerprintWords } = outcome;
      return { outcome: { $case: 'pending', value: { pollAfterMs, fingerprintWords } } };
    }
    case 'credential':
      return { outcome: { $case: 'credential', value: writeCredential(outcome.credential) } };
  }
}

export function writeCredential(offer: CredentialOffer): Credential {
  return {
    nodeId: offer.nodeId,
    certificateChainPem: offer.certificateChainPem,
    trustRootsPem: offer.trustRootsPem,
    commandKeys: offer.commandKeys.map(({ keyId, spkiDer }) => ({ keyId, spkiDer: Buffer.from(spkiDer) })),
    endpoints: [...offer.endpoints],
    renewalCounter: offer.renewalCounter,
    renewAfterMs: offer.renewAfterMs,
  };
}
