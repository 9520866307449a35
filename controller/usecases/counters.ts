/** What the core counts, with the words that /metrics gives it. All only go up. */
export const CORE_COUNTERS = {
  connects_total: 'Streams that agents tried to open.',
  connects_refused_total: 'Streams that were not let in.',
  takeovers_total: 'Streams that a newer one of the same node replaced.',
  clones_total: 'Times a second board used the credential of a live node.',
  probes_total: 'Silent streams that were asked whether somebody is there.',
  streams_found_dead_total: 'Streams closed because nobody answered.',
  messages_failed_total: 'Messages that could not be taken in because of a bug.',
  reports_total: 'Reports taken in.',
  resyncs_total: 'Full reports asked for.',
  values_refused_total: 'Values left out: not a number, or beyond the series that a node may have.',
  condition_transitions_total: 'Conditions that changed.',
  events_committed_total: 'Events of agents stored.',
  events_known_total: 'Events of agents that came again and were stored before.',
  events_poison_total: 'Events kept as unknown because they could not be stored as they were.',
  event_commit_failures_total: 'Times events of agents could not be committed and had to wait.',
  event_queues_over_limit_total: 'Streams closed because too many of their events waited.',
  journal_failures_total: 'Times transitions could not be committed and had to wait.',
  journal_dropped_total: 'Transitions that were left out of the timeline.',
  commands_issued_total: 'Commands issued.',
  commands_sent_again_total: 'Commands sent when their node connected.',
  healing_passes_total: 'Times healing looked at the whole fleet.',
  healing_failures_total: 'Passes of healing that failed and did not count.',
  healing_actions_total: 'Acts of healing that were ordered.',
  healing_actions_succeeded_total: 'Acts of healing whose actuator said that they are done.',
  healing_actions_failed_total: 'Acts of healing that failed, or of which nobody ever told.',
  healing_actions_cancelled_total: 'Acts of healing that were not wanted any more before they were sent.',
  sagas_succeeded_total: 'Provisionings, reimages and moves that came to a verified end.',
  sagas_undone_total: 'Provisionings, reimages and moves that were taken back.',
  listener_failures_total: 'Failures of those who watch the fleet.',
} as const;

export type CoreCounter = keyof typeof CORE_COUNTERS;

/** Counts by name, from zero. */
export class Counters {
  readonly #counts = new Map<CoreCounter, number>();

  add(name: CoreCounter, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  snapshot(): Record<string, number> {
    const zeros = Object.fromEntries(Object.keys(CORE_COUNTERS).map((name) => [name, 0]));
    return { ...zeros, ...Object.fromEntries(this.#counts) };
  }
}
