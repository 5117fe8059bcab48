// The JSON of evaluation datasets, turned into this package's nouns.
import { z } from 'zod';
import type { DatasetRecord, DatasetRecordSource, EvaluationDataset, MergedRecords } from '../../model/datasets.ts';
import type { Page } from '../../model/entities.ts';
import type { Decoder } from './endpoint.ts';
import { parseExact } from './exact-json.ts';
import * as wire from './wire-values.ts';

const SOURCE_TYPES = ['UNSPECIFIED', 'TRACE', 'HUMAN', 'DOCUMENT', 'CODE'] as const;

const dataset = z
  .object({
    dataset_id: z.string(),
    name: wire.text,
    digest: wire.text,
    tags: z.string().optional(),
    schema: z.string().optional(),
    profile: z.string().optional(),
    created_time: wire.int64.default(0),
    last_update_time: wire.int64.default(0),
    created_by: z.string().optional(),
    last_updated_by: z.string().optional(),
  })
  .transform((from): EvaluationDataset => ({
    datasetId: from.dataset_id,
    name: from.name,
    digest: from.digest,
    tags: z.record(z.string(), z.string()).parse(JSON.parse(from.tags ?? '{}')),
    schema: from.schema,
    profile: from.profile,
    creationTimeMs: from.created_time,
    lastUpdateTimeMs: from.last_update_time,
    createdBy: from.created_by,
    lastUpdatedBy: from.last_updated_by,
  }));

/** A dataset that was made, read or changed. */
export const datasetAnswer: Decoder<EvaluationDataset> = z.object({ dataset }).transform((from) => from.dataset);

/** `datasets/search`. */
export const datasetsAnswer: Decoder<Page<EvaluationDataset>> = z
  .object({ datasets: z.array(dataset).default([]), next_page_token: wire.pageToken })
  .transform((from) => wire.pageOf(from.datasets, from.next_page_token));

/** What a merge of records came to. */
export const mergedAnswer: Decoder<MergedRecords> = z
  .object({ inserted_count: wire.int64.default(0), updated_count: wire.int64.default(0) })
  .transform((from): MergedRecords => ({ insertedCount: from.inserted_count, updatedCount: from.updated_count }));

/** How many records are gone. */
export const deletedAnswer: Decoder<number> = z
  .object({ deleted_count: wire.int64.default(0) })
  .transform((from) => from.deleted_count);

/** The experiments that use a dataset. */
export const experimentIdsAnswer: Decoder<readonly string[]> = z
  .object({ experiment_ids: z.array(z.string()).default([]) })
  .transform((from) => from.experiment_ids);

const values = z.record(z.string(), z.unknown());
const absentAsUndefined = <T>(value: T | null | undefined): T | undefined => value ?? undefined;

const record = z
  .object({
    dataset_record_id: z.string(),
    dataset_id: z.string(),
    inputs: values,
    outputs: z.unknown().optional(),
    expectations: values.nullish().transform(absentAsUndefined),
    tags: z.record(z.string(), z.string()).nullish(),
    source: z
      .object({ source_type: z.enum(SOURCE_TYPES), source_data: values.nullish() })
      .transform((from): DatasetRecordSource => ({ sourceType: from.source_type, sourceData: from.source_data ?? {} }))
      .nullish()
      .transform(absentAsUndefined),
    source_id: z.string().nullish().transform(absentAsUndefined),
    created_time: wire.int64,
    last_update_time: wire.int64,
    created_by: z.string().nullish().transform(absentAsUndefined),
    last_updated_by: z.string().nullish().transform(absentAsUndefined),
  })
  .transform((from): DatasetRecord => ({
    datasetRecordId: from.dataset_record_id,
    datasetId: from.dataset_id,
    inputs: from.inputs,
    outputs: from.outputs,
    expectations: from.expectations,
    tags: from.tags ?? {},
    source: from.source,
    sourceId: from.source_id,
    creationTimeMs: from.created_time,
    lastUpdateTimeMs: from.last_update_time,
    createdBy: from.created_by,
    lastUpdatedBy: from.last_updated_by,
  }));

/** One page of records: a text of JSON within the JSON. */
export const recordsAnswer: Decoder<Page<DatasetRecord>> = z
  .object({ records: z.string().default('[]'), next_page_token: wire.pageToken })
  .transform((from) => wire.pageOf(z.array(record).parse(parseExact(from.records)), from.next_page_token));
