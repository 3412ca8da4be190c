// Where a workspace keeps what it remembers. Knows nothing of what that is.

/** Relative to the working directory. */
export const STATE_FOLDER = ".x07-wasm/state";
