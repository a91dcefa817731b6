/** The longest time without progress that a read may be given: far below the 24.8 days from which on Node's timers fire at once. */
export const READ_TIMEOUT_MAX_MS = 24 * 3_600_000;
