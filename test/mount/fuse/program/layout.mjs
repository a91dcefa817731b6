/** What both lanes of the test filesystem and its tests agree on. */
export const nodes = { '.': 1, '..': 1, fast: 2, slow: 3, stuck: 4, backed: 5, toggle: 6 };
export const SIZE = 3 * 2 ** 20;
/** Of `fast`, `slow` and `backed`: no two 32-bit words are alike. */
export const content = Buffer.from(Uint32Array.from({ length: SIZE / 4 }, (_, index) => index * 2_654_435_761).buffer);
