import { loadavg } from 'node:os';

/**
 * Runs each scenario once a round, in alternating order: the machine's speed drifts, and the load average says how much of it
 * others have.
 */
export async function rounds(log, { name, count, scenarios }) {
  const results = Object.fromEntries(Object.keys(scenarios).map(key => [key, []]));
  for (let round = 0; round < count; round++) {
    const order = Object.entries(scenarios);
    for (const [key, run] of round % 2 === 0 ? order : order.reverse()) results[key].push(await run(round));
    log(`${name}: round ${round + 1} of ${count}, load ${loadavg()[0].toFixed(1)}`);
  }
  return results;
}
