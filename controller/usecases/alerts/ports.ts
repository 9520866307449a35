import type { IncidentSeverity } from '../../domain/incidents/incident.js';

/** An incident as people hear of it who do not look at the page. */
export interface Alert {
  readonly incident: string;
  readonly cause: string;
  /** Empty = it spans sites. */
  readonly site: string;
  readonly severity: IncidentSeverity;
  /** One line. */
  readonly title: string;
  /** What each side says, who suffers, and what is held: several lines. */
  readonly text: string;
  readonly members: readonly string[];
  readonly startedAtMs: number;
  /** `undefined` = it lasts. */
  readonly endedAtMs: number | undefined;
  /** Where the page shows it; `undefined` = nobody said under which address that is. */
  readonly link: string | undefined;
}

/** Somebody who is told of incidents. */
export interface AlertChannel {
  /** As the configuration calls it; what is owed goes by it. */
  readonly name: string;
  /**
   * An alert that is not said again lapses there: said again so often while it lasts. `undefined` = once is enough.
   */
  readonly repeatMs: number | undefined;
  /**
   * Resolves when it was taken over.
   * @throws BrambleError `invalid-argument`: it will never be taken; anything else: later, perhaps
   */
  send(alert: Alert): Promise<void>;
}

/** As the configuration says it. Secrets are named by their files alone. */
export interface AlertSettings {
  /** Address of the page, for links. */
  readonly page?: string | undefined;
  readonly alertmanager?: { readonly url: string; readonly tokenFile?: string | undefined } | undefined;
  readonly webhook?: { readonly url: string; readonly secretFile: string } | undefined;
  readonly mail?: MailSettings | undefined;
}

export interface MailSettings {
  readonly host: string;
  readonly port: number;
  /** `starttls`: must be offered, or nothing is sent. `none` is for a relay on this machine. */
  readonly security: 'tls' | 'starttls' | 'none';
  readonly from: string;
  readonly to: readonly string[];
  /** Both, or none. */
  readonly user?: string | undefined;
  readonly passwordFile?: string | undefined;
}
