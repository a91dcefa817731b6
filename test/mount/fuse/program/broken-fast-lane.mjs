// A fast lane with a bug outside of any request: it cannot go on.
import createFastLane from './fast-lane.mjs';

export default function createBrokenFastLane(context) {
  let requests = 0;
  return {
    ...createFastLane(context),
    beforeRequest() {
      requests++;
      if (requests > 1) throw new Error('a bug of the fast lane');
    },
  };
}
