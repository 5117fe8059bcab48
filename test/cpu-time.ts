// What a piece of work costs the thread that does it: other processes of a loaded machine do not count, as they would on a clock.

/** CPU time of synchronous work on this thread, in milliseconds. */
export function cpuMsOf(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
