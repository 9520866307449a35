import { ClockFloor } from '../clock-floor.js';
import { Ledger } from '../durable/ledger.js';
import { Outbox } from '../durable/outbox.js';
import { IdentityStore } from '../enroll/identity-store.js';
import type { Host } from '../host/ports.js';
import { ConfigFile } from '../node-config/stored.js';
import { AuditMemory } from '../session/audit-memory.js';
import { DesiredStateKeeper } from '../session/desired-state.js';
import { RunMarker } from '../session/run-marker.js';

/** Everything of an agent that outlives its process. */
export interface AgentState {
  readonly clockFloor: ClockFloor;
  readonly identities: IdentityStore;
  readonly outbox: Outbox;
  readonly ledger: Ledger;
  readonly desired: DesiredStateKeeper;
  readonly configFile: ConfigFile;
  readonly auditMemory: AuditMemory;
  readonly marker: RunMarker;
}

/** Opens the state directory. Storage that fails does not stop it: the parts say so themselves, and recover. */
export async function openAgentState(
  { clock, files, keys, random }: Pick<Host, 'clock' | 'files' | 'keys' | 'random'>,
  { stateDir, buildTimeMs }: { readonly stateDir: string; readonly buildTimeMs: number },
): Promise<AgentState> {
  const path = (name: string): string => `${stateDir}/${name}`;
  const [clockFloor, outbox, ledger, desired, configFile, auditMemory] = await Promise.all([
    ClockFloor.load({ files, path: path('clock-floor'), clock, buildTimeMs }),
    Outbox.open({ files, path: path('outbox'), random, clock }),
    Ledger.open({ files, path: path('ledger') }),
    DesiredStateKeeper.load({ files, path: path('desired-state.json') }),
    ConfigFile.load(files, path('node-config.json')),
    AuditMemory.load({ files, path: path('audit-heads'), clock }),
  ]);
  return {
    clockFloor,
    identities: new IdentityStore({ files, keys, stateDir }),
    outbox,
    ledger,
    desired,
    configFile,
    auditMemory,
    marker: new RunMarker(files, path('run')),
  };
}
