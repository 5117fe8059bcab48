// Logged models of MlflowClient: MLflow 3's models, which a run makes and metrics are measured of.
import { mlflowError } from '../../errors.ts';
import type { KeyValue, LoggedModel, LoggedModelStatus } from '../../model/entities.ts';
import type { LoggedModelSearchOptions } from '../../rest/endpoints/logged-models.ts';
import { checkId, toTexts } from './checks.ts';
import type { PagedList } from './paged-list.ts';
import { WebhookMethods } from './webhook-methods.ts';

/** What a new logged model may have. */
export interface NewLoggedModelOptions {
  /** None of `/ : . % " '`; by default a random one. */
  readonly name?: string;
  /** The run that made it. */
  readonly sourceRunId?: string;
  /** Values are stored as text. */
  readonly tags?: Readonly<Record<string, unknown>>;
  /** Values are stored as text; each is given once. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Such as `llm`. */
  readonly modelType?: string;
}

/** How many params one request may have: Python's number. */
const MAX_PARAMS = 100;

/** The methods of the client for logged models. */
export abstract class LoggedModelMethods extends WebhookMethods {
  /** Makes a logged model, PENDING; more than 100 params need a server. */
  async createLoggedModel(experimentId: string, options: NewLoggedModelOptions = {}): Promise<LoggedModel> {
    const { tags = {}, params = {}, name = '', ...rest } = options;
    const pairs = toTexts(params);
    const model = await this.call('createLoggedModel', {
      ...rest,
      ...(name === '' ? {} : { name }),
      experimentId,
      params: pairs.slice(0, MAX_PARAMS),
      tags: toTexts(tags),
    });
    if (pairs.length <= MAX_PARAMS) return model;
    await this.#logParams(model.modelId, pairs.slice(MAX_PARAMS));
    return this.getLoggedModel(model.modelId);
  }

  /** Reads a logged model with its params, tags and metrics. */
  async getLoggedModel(modelId: string): Promise<LoggedModel> {
    return this.call('getLoggedModel', checkId(modelId, 'A model id'));
  }

  /** Searches logged models. */
  searchLoggedModels(experimentIds: readonly string[], options: LoggedModelSearchOptions = {}): PagedList<LoggedModel> {
    return this.pages((paging) => this.ask('searchLoggedModels', { ...options, ...paging, experimentIds }));
  }

  /** Ends the making of a logged model; `FAILED` is Python's word for `UPLOAD_FAILED`. */
  async finalizeLoggedModel(modelId: string, status: LoggedModelStatus | 'FAILED'): Promise<LoggedModel> {
    const ended = status === 'FAILED' ? 'UPLOAD_FAILED' : status;
    return this.call('finalizeLoggedModel', checkId(modelId, 'A model id'), ended);
  }

  /** Moves a logged model to the bin. */
  async deleteLoggedModel(modelId: string): Promise<void> {
    return this.call('deleteLoggedModel', checkId(modelId, 'A model id'));
  }

  /** Gives a logged model more params; one that it has already is refused. */
  async logModelParams(modelId: string, params: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#mustBeThere(modelId);
    await this.#logParams(modelId, toTexts(params));
  }

  /** Sets tags of a logged model; the last value wins. */
  async setLoggedModelTags(modelId: string, tags: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#mustBeThere(modelId);
    await this.ask('setLoggedModelTags', { modelId, pairs: toTexts(tags) });
  }

  /** Takes a tag off a logged model; `RESOURCE_DOES_NOT_EXIST` where there is none. */
  async deleteLoggedModelTag(modelId: string, key: string): Promise<void> {
    return this.ask('deleteLoggedModelTag', { modelId: checkId(modelId, 'A model id'), key });
  }

  async #logParams(modelId: string, pairs: readonly KeyValue[]): Promise<void> {
    for (let at = 0; at < pairs.length; at += MAX_PARAMS)
      await this.ask('logModelParams', { modelId, pairs: pairs.slice(at, at + MAX_PARAMS) });
  }

  /** As Python: what is no logged model may be a version of a registered one, which has methods of its own. */
  async #mustBeThere(modelId: string): Promise<void> {
    checkId(modelId, 'A model id');
    try {
      await this.getLoggedModel(modelId);
    } catch (error) {
      throw mlflowError(
        'INVALID_PARAMETER_VALUE',
        `Cannot change logged model '${modelId}': it cannot be read. A version of a registered model has methods of its own.`,
        error,
      );
    }
  }
}
