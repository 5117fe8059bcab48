// Attributes of a run's span that are journaled and not yet mirrored.
import type { Metric, Param, Tag } from '../../model/entities.ts';

/** Attributes journaled and not yet mirrored; the last value of each key. */
export interface KeptAttributes {
  readonly params: readonly Param[];
  readonly tags: readonly Tag[];
  readonly metrics: readonly Metric[];
}

/** One run's attributes while they come, by key. */
export class Kept {
  readonly #params = new Map<string, Param>();
  readonly #tags = new Map<string, Tag>();
  readonly #metrics = new Map<string, Metric>();

  constructor(start: KeptAttributes | undefined) {
    if (start !== undefined) this.add(start);
  }

  add(more: KeptAttributes): void {
    for (const param of more.params) this.#params.set(param.key, param);
    for (const tag of more.tags) this.#tags.set(tag.key, tag);
    for (const metric of more.metrics) this.#metrics.set(metric.key, metric);
  }

  all(): KeptAttributes {
    return { params: [...this.#params.values()], tags: [...this.#tags.values()], metrics: [...this.#metrics.values()] };
  }
}
