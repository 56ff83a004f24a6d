/**
 * Calls `step` a few times and waits for the losses that it returns.
 * @param {number} steps
 * @param {(i: number) => any} step
 * @returns {Promise<number[]>}
 */
export async function losses(steps, step) {
  const seen = [];
  for (let i = 0; i < steps; i++) seen.push(step(i).detach().itemAsync());
  return Promise.all(seen);
}
