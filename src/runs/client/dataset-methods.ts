// Evaluation datasets of MlflowClient, and their records.
import { mlflowError } from '../../errors.ts';
import type { DatasetRecord, EvaluationDataset, MergedRecords, NewDatasetRecord } from '../../model/datasets.ts';
import type { Trace } from '../../model/traces.ts';
import type { DatasetSearchOptions } from '../../rest/endpoints/datasets.ts';
import { prepareRecords, recordsOf } from './dataset-records.ts';
import { PromptLinkMethods } from './prompt-link-methods.ts';
import type { PagedList } from './paged-list.ts';

/** The methods of the client for evaluation datasets; a tracking server alone has them. */
export abstract class DatasetMethods extends PromptLinkMethods {
  /** Makes a dataset, for one experiment, some or none; two may have the same name. */
  createDataset(
    name: string,
    options: {
      readonly experimentId?: string | readonly string[];
      readonly tags?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<EvaluationDataset> {
    const { experimentId = [], tags } = options;
    return this.ask('createDataset', {
      name,
      experimentIds: typeof experimentId === 'string' ? [experimentId] : experimentId,
      tags: { 'mlflow.user': this.userName(), ...tags },
    });
  }

  /** Reads a dataset; its records are {@link getDatasetRecords}. */
  getDataset(datasetId: string): Promise<EvaluationDataset> {
    return this.ask('getDataset', datasetId);
  }

  /** Searches datasets. */
  searchDatasets(options: DatasetSearchOptions = {}): PagedList<EvaluationDataset> {
    return this.pages((paging) => this.ask('searchDatasets', { ...options, ...paging }));
  }

  /** Deletes a dataset with its records; one that is not there is none already. */
  deleteDataset(datasetId: string): Promise<void> {
    return this.ask('deleteDataset', datasetId);
  }

  /** Sets tags of a dataset; the last value wins. */
  setDatasetTags(datasetId: string, tags: Readonly<Record<string, string>>): Promise<void> {
    return this.ask('setDatasetTags', { datasetId, tags });
  }

  /** Takes a tag off a dataset, if it is there. */
  deleteDatasetTag(datasetId: string, key: string): Promise<void> {
    return this.ask('deleteDatasetTag', { datasetId, key });
  }

  /** Lists the experiments that use a dataset. */
  getDatasetExperimentIds(datasetId: string): Promise<readonly string[]> {
    return this.ask('getDatasetExperimentIds', datasetId);
  }

  /** Lets more experiments use a dataset. */
  addDatasetToExperiments(datasetId: string, experimentIds: readonly string[]): Promise<EvaluationDataset> {
    return this.ask('addDatasetToExperiments', { datasetId, experimentIds });
  }

  /** Lets experiments use a dataset no more; those that did not are left out. */
  removeDatasetFromExperiments(datasetId: string, experimentIds: readonly string[]): Promise<EvaluationDataset> {
    return this.ask('removeDatasetFromExperiments', { datasetId, experimentIds });
  }

  /**
   * Gives a dataset records, as `merge_records` of Python's dataset does: one with the same inputs is merged with the one that is there.
   * Says who brings them, and where they come from, unless they do. A trace is a record of what its root span was asked and answered.
   */
  async mergeDatasetRecords(
    datasetId: string,
    records: readonly NewDatasetRecord[] | readonly Trace[],
  ): Promise<MergedRecords> {
    const { schema } = await this.getDataset(datasetId).catch((error: unknown) => {
      throw mlflowError('INVALID_PARAMETER_VALUE', `Cannot add records to dataset '${datasetId}': not found.`, error);
    });
    const prepared = prepareRecords(recordsOf(records), schema, this.userName());
    return this.ask('mergeDatasetRecords', { datasetId, records: prepared });
  }

  /** Reads a dataset's records, the oldest first; `maxResults`: how many a page holds, by default 1000. */
  getDatasetRecords(
    datasetId: string,
    options: { readonly maxResults?: number; readonly pageToken?: string } = {},
  ): PagedList<DatasetRecord> {
    return this.pages((paging) => this.ask('getDatasetRecords', { ...options, ...paging, datasetId }));
  }

  /** Deletes records of a dataset and tells how many there were. */
  deleteDatasetRecords(datasetId: string, recordIds: readonly string[]): Promise<number> {
    return this.ask('deleteDatasetRecords', { datasetId, recordIds });
  }
}
