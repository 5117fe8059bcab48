// What a run records in MLflow's file store: a file a key. All of a batch is checked before any of it is written.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatasetInput, Metric, ModelOutput, Page, Param } from '../../model/entities.ts';
import { isValidKey } from '../../model/limits.ts';
import type { LogBatchRequest } from '../contract.ts';
import type { FileContext } from './experiments.ts';
import { writeInputs, writeOutputs } from './inputs.ts';
import { type MetricLine, readPoints } from './metrics.ts';
import { requireModel } from './models.ts';
import { findRun, requireActiveRun, setTags } from './runs.ts';
import { checkKeys, readText } from './tree.ts';
import { offsetOf, pageOf, pageSize } from '../search/paging.ts';
import { changedParams, noTag, storedValue, wholeNumber } from '../rules/rules.ts';

/** What can be one field of a line. */
const WORD = /^\S+$/;

/**
 * Writes one batch of any size: nothing where a param has another value, in the store or in the batch, or a key cannot be a file.
 * What a process that is killed leaves is a part of it, and the same batch again makes it whole.
 */
export function logBatch(context: FileContext, request: LogBatchRequest): void {
  const { runId, metrics = [], params = [], tags = [] } = request;
  context.tree.write(() => {
    const run = requireActiveRun(context, runId);
    const ofKey = linesByKey(metrics);
    const ofModel = linesByModel(context, runId, metrics);
    for (const [kind, keys] of [
      ['metrics', ofKey.keys()],
      ['params', params.map((param) => param.key)],
      ['tags', tags.map((tag) => tag.key)],
    ] as const) {
      checkKeys(join(run.folder, kind), keys);
    }
    for (const [key, value] of newParams(run.folder, runId, params)) {
      context.tree.replace(join(run.folder, 'params', key), value);
    }
    for (const [key, lines] of ofKey) context.metrics.append(join(run.folder, 'metrics', key), lines);
    for (const [path, lines] of ofModel) context.metrics.append(path, lines);
    setTags(context, run, tags);
  });
}

/** Takes a tag off an active run. */
export function deleteTag(context: FileContext, runId: string, key: string): void {
  context.tree.write(() => {
    const path = join(requireActiveRun(context, runId).folder, 'tags', key);
    if (!isValidKey(key) || readText(path) === undefined) throw noTag(key, runId);
    rmSync(path);
  });
}

/** Says which data sets and models an active run worked on. */
export function logInputs(
  context: FileContext,
  runId: string,
  given: { readonly inputs: readonly DatasetInput[]; readonly modelIds: readonly string[] },
): void {
  context.tree.write(() => {
    writeInputs(context, { folder: requireActiveRun(context, runId).folder, id: runId }, given);
  });
}

/** Says which models an active run made. */
export function logOutputs(context: FileContext, runId: string, models: readonly ModelOutput[]): void {
  context.tree.write(() => {
    const { folder } = requireActiveRun(context, runId);
    checkKeys(
      join(folder, 'outputs'),
      models.map(({ modelId }) => `${modelId}/meta.yaml`),
    );
    for (const { step } of models) wholeNumber(step, 'step');
    writeOutputs(context, folder, models);
  });
}

/** Reads all points of one metric by timestamp, step, value; none where there is no such run or key. */
export function getMetricHistory(
  context: FileContext,
  request: { readonly runId: string; readonly key: string; readonly maxResults?: number; readonly pageToken?: string },
): Page<Metric> {
  const { runId, key, maxResults, pageToken } = request;
  const size = maxResults === undefined ? undefined : pageSize(maxResults);
  const offset = offsetOf(pageToken);
  return context.tree.read(() => {
    const run = isValidKey(key) ? findRun(context, runId) : undefined;
    const points = run === undefined ? [] : readPoints(join(run.folder, 'metrics', key), 'run');
    const ordered = points
      .toSorted((a, b) => a.timestampMs - b.timestampMs || a.step - b.step || (a.value || 0) - (b.value || 0))
      .map(({ value, timestampMs, step }) => ({ key, value, timestampMs, step }))
      .slice(offset);
    return pageOf(ordered, size ?? ordered.length, offset);
  });
}

function linesByKey(metrics: readonly Metric[]): ReadonlyMap<string, readonly MetricLine[]> {
  const lines = new Map<string, MetricLine[]>();
  for (const metric of metrics) {
    const line = lineOf(metric);
    const ofKey = lines.get(metric.key);
    if (ofKey === undefined) lines.set(metric.key, [line]);
    else ofKey.push(line);
  }
  return lines;
}

/** The lines of models' files by their paths, checked. Of NaN a model keeps a 0, as in MLflow's databases. */
function linesByModel(
  context: FileContext,
  runId: string,
  metrics: readonly Metric[],
): ReadonlyMap<string, readonly MetricLine[]> {
  const byModel = new Map<string, Metric[]>();
  for (const metric of metrics) {
    if (metric.modelId !== undefined) byModel.set(metric.modelId, [...(byModel.get(metric.modelId) ?? []), metric]);
  }
  const lines = new Map<string, readonly MetricLine[]>();
  for (const [modelId, measured] of byModel) {
    const folder = join(requireModel(context, modelId).folder, 'metrics');
    const ofKey = linesByKey(measured);
    checkKeys(folder, ofKey.keys());
    for (const [key, points] of ofKey) {
      lines.set(
        join(folder, key),
        points.map((point) => ({ ...point, value: point.value || 0, runId })),
      );
    }
  }
  return lines;
}

function lineOf(metric: Metric): MetricLine {
  const { datasetName: name, datasetDigest: digest } = metric;
  const isNamed = name !== undefined && digest !== undefined && WORD.test(name) && WORD.test(digest);
  return {
    ...(isNamed && metric.modelId !== undefined ? { dataset: { name, digest } } : {}),
    value: storedValue(metric),
    timestampMs: wholeNumber(metric.timestampMs, 'timestamp'),
    step: wholeNumber(metric.step, 'step'),
  };
}

/** The params that are not stored yet; refuses all where one has another value. */
function newParams(runFolder: string, runId: string, params: readonly Param[]): ReadonlyMap<string, string> {
  const fresh = new Map<string, string>();
  const changes: { key: string; old: string; new: string }[] = [];
  for (const { key, value } of params) {
    const known = fresh.get(key) ?? readText(join(runFolder, 'params', key));
    if (known === undefined) fresh.set(key, value);
    else if (known !== value) changes.push({ key, old: known, new: value });
  }
  if (changes.length > 0) throw changedParams(runId, changes);
  return fresh;
}
