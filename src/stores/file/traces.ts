// Traces in MLflow's file store, as its Python client keeps them: a folder each under their experiment's `traces`; read only.
import { join } from 'node:path';
import { mlflowError } from '../../errors.ts';
import { type KeptTrace, SPANS_FOLDER_TAG } from '../../model/traces.ts';
import { traceInfoAnswer } from '../../rest/wire/wire-traces.ts';
import type { ListedTrace } from '../contract.ts';
import { appendToUri } from '../rules/rules.ts';
import { type FileContext, getExperiment, requireExperiment } from './experiments.ts';
import { readTree } from './meta.ts';
import { namesIn, readText, textsIn } from './tree.ts';

const INFO_FILE = 'trace_info.yaml';

/** Lists the traces of an experiment, the oldest first. */
export function* listTraces(context: FileContext, experimentId: string): Generator<ListedTrace> {
  const { tree } = context;
  const root = join(
    tree.read(() => requireExperiment(context, experimentId).folder),
    'traces',
  );
  const names = tree.read(() => namesIn(root).filter((name) => readText(join(root, name, INFO_FILE)) !== undefined));
  for (const name of names.toSorted())
    yield { traceId: name, read: async () => tree.read(() => readTrace(context, { experimentId, root, name })) };
}

function readTrace(
  context: FileContext,
  { experimentId, root, name }: { readonly experimentId: string; readonly root: string; readonly name: string },
): KeptTrace {
  const folder = join(root, name);
  const tags = textsIn(join(folder, 'tags'));
  try {
    const fields = readTree(readText(join(folder, INFO_FILE)) ?? '');
    const assessments = namesIn(join(folder, 'assessments'))
      .filter((file) => file.endsWith('.yaml'))
      .toSorted()
      .map((file) => readTree(readText(join(folder, 'assessments', file)) ?? ''));
    const info = traceInfoAnswer.parse({
      ...(fields['request_id'] === undefined ? ofVersion3(fields) : ofVersion2(fields)),
      trace_metadata: textsIn(join(folder, 'request_metadata')),
      tags: { [SPANS_FOLDER_TAG]: placeOf(context, experimentId, name), ...tags },
      assessments,
    });
    // as they were made: Python names the files by random ids
    const byTime = info.assessments.toSorted((a, b) => a.createTimeMs - b.createTimeMs);
    return { info: { ...info, experimentId, assessments: byTime }, spans: undefined, runIds: [] };
  } catch (cause) {
    throw mlflowError('INVALID_STATE', `Trace with ID '${name}' is damaged: see ${folder}.`, cause);
  }
}

function placeOf(context: FileContext, experimentId: string, traceId: string): string {
  const { artifactLocation } = getExperiment(context, experimentId);
  return appendToUri(artifactLocation, 'traces', traceId, 'artifacts');
}

type Fields = Readonly<Record<string, unknown>>;

function ofVersion3({ execution_duration_ms: ms, ...fields }: Fields): Fields {
  return { ...fields, ...(typeof ms === 'number' ? { execution_duration: `${ms / 1000}s` } : {}) };
}

/** As MLflow before 3.0 wrote it. */
function ofVersion2(fields: Fields): Fields {
  const { request_id: id, timestamp_ms: startMs, execution_time_ms: ms, status } = fields;
  return {
    trace_id: id,
    request_time: new Date(Number(startMs)).toISOString(),
    state: status,
    ...(typeof ms === 'number' ? { execution_duration: `${ms / 1000}s` } : {}),
  };
}
