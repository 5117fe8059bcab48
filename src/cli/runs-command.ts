// `runspan runs`: the newest runs of a tracking store, as a table or as JSON.
import { mlflowError } from '../errors.ts';
import type { Experiment, RunEntity } from '../model/entities.ts';
import type { Store } from '../stores/contract.ts';
import { listExperiments, searchNewest } from './find-run.ts';
import { formatDuration, formatTime, jsonNumber, oneLine, paint, paintStatus } from './format.ts';
import { layOut } from './table.ts';

/** What `runspan runs` was asked for. */
export interface RunsRequest {
  /** Only runs of the experiment of this name. */
  readonly experiment?: string;
  /** In MLflow's filter language. */
  readonly filter?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** Lists runs, newest first; `nowMs` is for those that have not ended. */
export async function listRuns(store: Store, request: RunsRequest, nowMs: number): Promise<string> {
  const experiments = await chooseExperiments(store, request.experiment);
  const { filter, limit } = request;
  const runs = await searchNewest(store, { experimentIds: [...experiments.keys()], filter, limit });
  if (request.json)
    return JSON.stringify(
      runs.map((run) => jsonRun(run, experiments)),
      undefined,
      2,
    );
  if (runs.length === 0) return `No runs${filter === undefined ? '' : ' that match'} in ${store.uri}.`;
  const header = ['NAME', 'STATUS', 'STARTED', 'DURATION', 'ID', 'EXPERIMENT'].map((text) => ({ text, paint: dim }));
  return layOut([header, ...runs.map((run) => row(run, { experiments, nowMs }))]);
}

async function chooseExperiments(store: Store, name: string | undefined): Promise<ReadonlyMap<string, Experiment>> {
  if (name === undefined) return listExperiments(store);
  const experiment = await store.getExperimentByName(name);
  if (experiment) return new Map([[experiment.experimentId, experiment]]);
  const names = [...(await listExperiments(store)).values()].map((one) => `'${oneLine(one.name)}'`);
  throw mlflowError(
    'RESOURCE_DOES_NOT_EXIST',
    `There is no experiment '${name}' in ${store.uri}. There is ${names.slice(0, 20).join(', ') || 'none'}.`,
  );
}

const dim = (text: string): string => paint('dim', text);

function row(
  run: RunEntity,
  context: { experiments: ReadonlyMap<string, Experiment>; nowMs: number },
): Parameters<typeof layOut>[0][number] {
  const { runName, status, startTimeMs, endTimeMs, runId, experimentId } = run.info;
  return [
    oneLine(runName, 48),
    { text: status, paint: (padded) => paintStatus(status, padded) },
    formatTime(startTimeMs),
    formatDuration((endTimeMs ?? context.nowMs) - startTimeMs),
    runId,
    oneLine(context.experiments.get(experimentId)?.name ?? experimentId, 48),
  ];
}

function jsonRun(
  { info, data }: RunEntity,
  experiments: ReadonlyMap<string, Experiment>,
): Readonly<Record<string, unknown>> {
  return {
    ...info,
    endTimeMs: info.endTimeMs ?? null,
    experimentName: experiments.get(info.experimentId)?.name ?? null,
    params: data.params,
    tags: data.tags,
    metrics: Object.fromEntries(Object.entries(data.metrics).map(([key, value]) => [key, jsonNumber(value)])),
  };
}
