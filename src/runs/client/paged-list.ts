// Search answers that page by themselves: iterate all, or take one page.
import type { Page } from '../../model/entities.ts';

/**
 * A search that has not run yet: `for await` walks every page, `firstPage()` asks once, `all()` gathers everything.
 *
 * @example
 * for await (const run of client.searchRuns(['1'], { filterString: "tags.stage = 'dev'" })) console.log(run.info.runName);
 */
export class PagedList<T> implements AsyncIterable<T> {
  readonly #fetchPage: (pageToken: string | undefined) => Promise<Page<T>>;

  constructor(fetchPage: (pageToken: string | undefined) => Promise<Page<T>>) {
    this.#fetchPage = fetchPage;
  }

  /** Walks all pages, each fetched when it is reached. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    let pageToken: string | undefined;
    do {
      const page = await this.#fetchPage(pageToken);
      yield* page.items;
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
  }

  /** Fetches the first page only. */
  firstPage(): Promise<Page<T>> {
    return this.#fetchPage(undefined);
  }

  /** Gathers every page in memory. */
  async all(): Promise<readonly T[]> {
    const items: T[] = [];
    for await (const item of this) items.push(item);
    return items;
  }
}
