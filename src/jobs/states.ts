/**
 * The life of a job. Credits are held from `reserved` on; only `settled` keeps them, only `voided`
 * gives them back, and both are final.
 *
 *   reserved ──▶ queued ──▶ running ──▶ published ──▶ settled
 *       └───────────┴──────────┴────────────┴───────▶ voided
 */

/** States of a job, as stored. */
export type JobState = 'reserved' | 'queued' | 'running' | 'published' | 'settled' | 'voided';

/** The states from which a state may be entered. */
export function statesBefore(state: JobState): readonly JobState[] {
  switch (state) {
    case 'reserved':
      return [];
    case 'queued':
      return ['reserved'];
    case 'running':
      return ['queued'];
    case 'published':
      return ['running'];
    case 'settled':
      return ['published'];
    case 'voided':
      return ['reserved', 'queued', 'running', 'published'];
    default:
      return state satisfies never;
  }
}

/** Whether a job in this state has come to its end. */
export const isFinal = (state: JobState): boolean => state === 'settled' || state === 'voided';
