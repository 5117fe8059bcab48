// Many transfers, a bounded number at once.

/**
 * Does the work for each item, at most `limit` at once, and waits for all that was begun; after a failure no more is begun.
 *
 * @returns what each brought, in the items' order
 * @throws what the first failure threw
 * @example
 * await inParallel(files, 8, (file) => repository.putFile(file.path, file.source));
 */
export async function inParallel<T, R>(items: Iterable<T>, limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = [...items].entries();
  let failure: { readonly error: unknown } | undefined;
  const drain = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (failure !== undefined) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, drain));
  if (failure !== undefined) throw failure.error;
  return results;
}
