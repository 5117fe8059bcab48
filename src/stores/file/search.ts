// Searches of MLflow's file store: everything is read and judged here, as Python's file store does it.
import type { Experiment, LifecycleStage, LoggedModel, Page, RunEntity, ViewType } from '../../model/entities.ts';
import type { LoggedModelPageSearch } from '../../rest/endpoints/logged-models.ts';
import type { SearchExperimentsRequest, SearchRunsRequest } from '../contract.ts';
import { type FileContext, findExperiment, listExperiments, withTags } from './experiments.ts';
import { findLoggedModels } from './models.ts';
import { readRun, runsIn } from './runs.ts';
import { EXPERIMENT_LANGUAGE, parseFilter, parseOrderBy, RUN_LANGUAGE } from '../search/filter.ts';
import { experimentOrder, matchesExperiment, matchesRun, runOrder } from '../search/match.ts';
import { matchesModel, modelOrder } from '../search/match-model.ts';
import { readModelSearch } from '../search/model-search.ts';
import { offsetOf, pageOf, pageSize } from '../search/paging.ts';

/** Finds runs; by default the newest first. */
export function searchRuns(context: FileContext, request: SearchRunsRequest): Page<RunEntity> {
  const size = pageSize(request.maxResults);
  const offset = offsetOf(request.pageToken);
  const conditions = parseFilter(request.filter, RUN_LANGUAGE);
  const order = runOrder(parseOrderBy(request.orderBy, RUN_LANGUAGE));
  return context.tree.read(() => {
    const experiments = [...new Set(request.experimentIds)].flatMap((id) => findExperiment(context, id) ?? []);
    const found = experiments
      .flatMap((experiment) => runsIn(context, experiment))
      .filter(({ info }) => isInView(info.lifecycleStage, request.viewType))
      .map(readRun)
      .filter((run) => matchesRun(run, conditions));
    return pageOf(found.toSorted(order).slice(offset), size, offset);
  });
}

/** Finds experiments; by default the newest first. */
export function searchExperiments(context: FileContext, request: SearchExperimentsRequest): Page<Experiment> {
  const size = pageSize(request.maxResults);
  const offset = offsetOf(request.pageToken);
  const conditions = parseFilter(request.filter, EXPERIMENT_LANGUAGE);
  const order = experimentOrder(parseOrderBy(request.orderBy, EXPERIMENT_LANGUAGE));
  return context.tree.read(() => {
    const found = listExperiments(context)
      .filter(({ stage }) => isInView(stage, request.viewType))
      .map((experiment) => withTags(context, experiment))
      .filter((experiment) => matchesExperiment(experiment, conditions));
    return pageOf(found.toSorted(order).slice(offset), size, offset);
  });
}

/** Finds logged models that are not in the bin; by default the newest first. */
export function searchLoggedModels(context: FileContext, request: LoggedModelPageSearch): Page<LoggedModel> {
  const search = readModelSearch(request);
  const found = [...new Set(request.experimentIds)]
    .flatMap((id) => findLoggedModels(context, id))
    .filter((model) => matchesModel(model, search));
  return pageOf(found.toSorted(modelOrder(search.orderings)).slice(search.offset), search.size, search.offset);
}

function isInView(stage: LifecycleStage, viewType: ViewType | undefined): boolean {
  if (viewType === 'ALL') return true;
  return stage === (viewType === 'DELETED_ONLY' ? 'deleted' : 'active');
}
