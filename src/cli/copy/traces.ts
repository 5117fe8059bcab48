// Traces: made on the target with their own ids, spans first, then what is known of them and what was thought of them.
import { MlflowError } from '../../errors.ts';
import { inParallel } from '../../artifacts/transfer/parallel.ts';
import type { Assessment } from '../../model/assessments.ts';
import {
  type KeptSpan,
  type KeptTrace,
  SPANS_FOLDER_TAG,
  SPANS_PLACE_TAG,
  type TraceInfo,
} from '../../model/traces.ts';
import type { ListedTrace } from '../../stores/contract.ts';
import type { Copying } from './copying.ts';
import type { Experiments } from './experiments.ts';
import { withArtifacts } from './files.ts';
import { COPIED_STATE_TAG, Fingerprint, INCOMPLETE, readState, stateTag, withoutMarks } from './marks.ts';

/** Where the copies of runs and models are found; made where there is none. */
export interface TraceLinks {
  readonly runs: { ensure(runId: string): Promise<string | undefined> };
  readonly models: { ensure(modelId: string): Promise<string | undefined> };
}

/** Traces under way at once. */
const CONCURRENCY = 4;
/** So many are read before they are copied. */
const BATCH_SIZE = 100;
const SPANS_PER_REQUEST = 1000;
const PAGE_SIZE = 500;
const SPANS_FILE = 'traces.json';
/** What each store says for itself. */
const OWN_TAGS: ReadonlySet<string> = new Set([SPANS_FOLDER_TAG, SPANS_PLACE_TAG]);

/** The traces of one copy. */
export class Traces {
  readonly #copying: Copying;
  readonly #experiments: Experiments;
  readonly #links: TraceLinks;

  constructor(copying: Copying, experiments: Experiments, links: TraceLinks) {
    this.#copying = copying;
    this.#experiments = experiments;
    this.#links = links;
  }

  /** Copies the traces of an experiment of the source. */
  async copyAll(sourceId: string): Promise<void> {
    const { store } = this.#copying.source;
    let there: ReadonlyMap<string, TraceInfo> | undefined;
    let experimentId = '';
    const copySome = async (some: readonly ListedTrace[]): Promise<void> => {
      if (some.length === 0) return;
      ({ experimentId } = await this.#experiments.ensure(sourceId));
      there ??= await this.#listCopied(experimentId);
      await inParallel(some, CONCURRENCY, async (listed) => {
        const { traceId } = listed;
        const copy = async (): Promise<void> => this.#copy(await listed.read(), experimentId, there?.get(traceId));
        await this.#copying.tolerate(`trace ${traceId}`, copy);
        this.#copying.onProgress();
      });
    };
    let some: ListedTrace[] = [];
    for await (const listed of store.listTraces?.(sourceId) ?? []) {
      some.push(listed);
      if (some.length < BATCH_SIZE) continue;
      await copySome(some);
      some = [];
    }
    await copySome(some);
  }

  async #listCopied(experimentId: string): Promise<ReadonlyMap<string, TraceInfo>> {
    const { store } = this.#copying.target;
    const found = new Map<string, TraceInfo>();
    let pageToken: string | undefined;
    do {
      const request = { locations: [experimentId], maxResults: PAGE_SIZE, pageToken };
      const page = await this.#copying.attempt(() => store.request('searchTraces', request));
      for (const info of page.items) found.set(info.traceId, info);
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    return found;
  }

  async #copy(trace: KeptTrace, experimentId: string, before: TraceInfo | undefined): Promise<void> {
    const { target, counts, now } = this.#copying;
    const beganAtMs = now();
    const { info, runIds } = trace;
    const { traceId } = info;
    const spans = trace.spans ?? (await this.#readFile(info));
    const state = fingerprintOf(info, spans, runIds);
    if (before !== undefined && readState(before.tags)?.fingerprint === state) return;
    for (let at = 0; at < spans.length; at += SPANS_PER_REQUEST)
      await this.#sendSpans(experimentId, spans.slice(at, at + SPANS_PER_REQUEST));
    const assessments: Assessment[] = [];
    for (const each of info.assessments) assessments.push(await this.#translate(each));
    const known = new Map(before?.assessments.map((each) => [each.assessmentId, each]));
    const isNew = ({ assessmentId }: Assessment): boolean => !known.has(assessmentId);
    const copied = {
      ...info,
      experimentId,
      traceMetadata: await this.#translateMetadata(info.traceMetadata),
      tags: { ...tagsOf(info), [COPIED_STATE_TAG]: INCOMPLETE },
      assessments: assessments.filter((each) => isNew(each) && overridden(each) === undefined),
    };
    await this.#copying.attempt(() => target.store.request('copyTrace', copied));
    await this.#copyOverriding(assessments.filter((each) => isNew(each) && overridden(each) !== undefined));
    for (const each of assessments) await this.#update(each, known.get(each.assessmentId));
    for (const runId of runIds) await this.#link(traceId, runId);
    const tag = { traceId, ...stateTag(state, beganAtMs) };
    await this.#copying.attempt(() => target.store.request('setTraceTag', tag));
    counts.traces += 1;
  }

  /** Links as the server reads them today, and where it refuses that, as OTLP has them. */
  async #sendSpans(experimentId: string, spans: readonly KeptSpan[]): Promise<void> {
    const { store } = this.#copying.target;
    const send = (linkIds: 'base64' | 'hex'): Promise<void> =>
      this.#copying.attempt(() => store.request('copySpans', { experimentId, spans, linkIds }));
    try {
      await send('base64');
    } catch (error) {
      const hasLinks = spans.some(({ links }) => links.length > 0);
      if (!hasLinks || !(error instanceof MlflowError) || error.status !== 400) throw error;
      await send('hex');
    }
  }

  async #readFile(info: TraceInfo): Promise<readonly KeptSpan[]> {
    const { source } = this.#copying;
    const place = info.tags[SPANS_FOLDER_TAG];
    if (place === undefined) return [];
    const bytes = await withArtifacts(
      () => source.openArtifacts(place),
      (repository) => this.#copying.attempt(() => repository.readFile(SPANS_FILE)),
    );
    const { readKeptSpans } = await import('../../rest/wire/wire-traces.ts');
    return readKeptSpans(new TextDecoder().decode(bytes));
  }

  /** One after the other, the oldest first: each says of another one that it is no longer valid. */
  async #copyOverriding(assessments: readonly Assessment[]): Promise<void> {
    const { store } = this.#copying.target;
    for (const assessment of assessments) {
      let isFirstTry = true;
      await this.#copying.attempt(async () => {
        // A create whose answer was lost may have been carried out.
        const { info } = isFirstTry ? {} : await store.request('getTraceInfo', assessment.traceId);
        isFirstTry = false;
        const isThere = info?.assessments.some((each) => each.assessmentId === assessment.assessmentId);
        if (isThere !== true) await store.request('copyAssessment', assessment);
      });
    }
  }

  async #update(assessment: Assessment, before: Assessment | undefined): Promise<void> {
    if (before === undefined || assessment.kind === 'issue' || contentOf(assessment) === contentOf(before)) return;
    const { traceId, assessmentId, kind, name, source, metadata, value } = assessment;
    const content = { name, source, metadata, value };
    const changed =
      kind === 'expectation'
        ? { kind, ...content }
        : {
            kind,
            ...content,
            ...(assessment.error === undefined ? {} : { error: assessment.error }),
            ...(assessment.rationale === undefined ? {} : { rationale: assessment.rationale }),
          };
    await this.#copying.attempt(() =>
      this.#copying.target.store.request('updateAssessment', { traceId, assessmentId, assessment: changed }),
    );
  }

  async #link(traceId: string, runId: string): Promise<void> {
    const copy = await this.#links.runs.ensure(runId);
    if (copy === undefined) return;
    const request = { traceIds: [traceId], runId: copy };
    await this.#copying.attempt(() => this.#copying.target.store.request('linkTracesToRun', request));
  }

  async #translate(assessment: Assessment): Promise<Assessment> {
    return { ...assessment, metadata: await this.#translateMetadata(assessment.metadata) };
  }

  /** Ids of runs and models, as they are on the target. */
  async #translateMetadata(metadata: TraceInfo['traceMetadata']): Promise<TraceInfo['traceMetadata']> {
    const { runs, models } = this.#links;
    const translated = { ...metadata };
    for (const [key, copies] of [
      ['mlflow.sourceRun', runs],
      ['mlflow.assessment.sourceRunId', runs],
      ['mlflow.modelId', models],
    ] as const) {
      const id = metadata[key];
      if (id !== undefined) translated[key] = (await copies.ensure(id)) ?? id;
    }
    return translated;
  }
}

function overridden(assessment: Assessment): string | undefined {
  return assessment.kind === 'feedback' ? assessment.overrides : undefined;
}

function tagsOf({ tags }: TraceInfo): TraceInfo['tags'] {
  const kept = withoutMarks(tags).filter(({ key }) => !OWN_TAGS.has(key));
  return Object.fromEntries(kept.map(({ key, value }) => [key, value]));
}

/** What can change of one; compared as JSON, where a bigint is its text. */
function contentOf(assessment: Assessment): string {
  const { name, metadata } = assessment;
  const value = assessment.kind === 'issue' ? assessment.issueName : assessment.value;
  const rationale = assessment.kind === 'expectation' ? undefined : assessment.rationale;
  return toText([name, metadata, value, rationale]);
}

function fingerprintOf(info: TraceInfo, spans: readonly KeptSpan[], runIds: readonly string[]): string {
  const fingerprint = new Fingerprint();
  const { tags: _tags, experimentId: _experiment, ...rest } = info;
  fingerprint.add(toText(rest), tagsOf(info), runIds);
  for (const span of spans) fingerprint.add(toText(span));
  return fingerprint.toHex();
}

function toText(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
}
