// Waiting with an end: a promise raced against a timer. The timer is kept alive on purpose: an await must come back.

/**
 * Waits for a promise, but no longer than the deadline; a rejection counts as done.
 *
 * @param timeoutMs from now; 0 and less do not wait
 * @returns whether the promise settled in time
 */
export async function settlesWithin(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  if (timeoutMs <= 0) return false;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}
