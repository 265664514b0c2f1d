/** For how long something keeps the event loop from everybody else, in nanoseconds. */
export async function longestHold(run: () => unknown): Promise<number> {
  let longest = 0;
  let isDone = false;
  let last = performance.now();
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isDone) setImmediate(turn);
  };
  const turned = () => new Promise((resolve) => setImmediate(resolve));
  turn();
  await turned();
  longest = 0;
  await run();
  await turned();
  await turned();
  isDone = true;
  return longest * 1e6;
}
