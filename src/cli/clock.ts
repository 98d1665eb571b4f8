/** The time of a running server: no step of the wall clock gives it a negative duration or a second day. */

/** Milliseconds UTC: the wall clock's time when the process began, and what has passed since. */
export const steadyNow = (): number => Math.floor(performance.timeOrigin + performance.now());
