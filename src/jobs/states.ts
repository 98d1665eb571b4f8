/**
 * The life of a job. Credits are held from `reserved` on; only `settled` keeps them, only `voided`
 * gives them back, and both are final.
 *
 *   reserved ──▶ queued ──▶ running ──▶ published ──▶ settled
 *       └───────────┴──────────┴────────────┴───────▶ voided
 *
 * The way back to `queued`, from `running` or a `published` whose file was lost, is for jobs that
 * nobody waits on the line for, when the server ended in the middle of them.
 */

/** States of a job, as stored. */
export type JobState = 'reserved' | 'queued' | 'running' | 'published' | 'settled' | 'voided';

/** The states from which a state may be entered. */
export function statesBefore(state: JobState): readonly JobState[] {
  switch (state) {
    case 'reserved':
      return [];
    case 'queued':
      return ['reserved', 'running', 'published'];
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
