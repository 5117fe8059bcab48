// A real HTTP server that speaks the endpoints of MLflow that a job needs, and misbehaves on demand; its runs can be read directly.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MlflowError } from '../../src/errors.ts';
import type { Experiment, KeyValue, Metric, RunEntity, RunInfo } from '../../src/model/entities.ts';
import { MemoryStore } from '../outbox/memory-store.ts';

/** What a request meets: served; refused with 500 before or after it was carried out; never answered; a status, in nobody's words. */
export type Mood = 'serve' | '500-before' | '500-after' | 'hang' | number;

/** A request's fields as MLflow names them. */
export type Fields = Readonly<Record<string, unknown>>;
type Handler = (store: MemoryStore, fields: Fields) => Promise<unknown>;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const list = <T>(value: unknown): readonly T[] => (Array.isArray(value) ? (value as readonly T[]) : []);

interface WireMetric {
  readonly key: string;
  readonly value: number | string;
  readonly timestamp: number;
  readonly step: number;
}

const toMetric = ({ key, value, timestamp, step }: WireMetric): Metric => ({
  key,
  value: Number(value),
  timestampMs: timestamp,
  step,
});

const toPairs = (record: Readonly<Record<string, string>>): readonly KeyValue[] =>
  Object.entries(record).map(([key, value]) => ({ key, value }));

const experimentFields = (from: Experiment): Fields => ({
  experiment_id: from.experimentId,
  name: from.name,
  artifact_location: from.artifactLocation,
  lifecycle_stage: from.lifecycleStage,
});

const infoFields = (from: RunInfo): Fields => ({
  run_id: from.runId,
  run_name: from.runName,
  experiment_id: from.experimentId,
  user_id: from.userId,
  status: from.status,
  start_time: from.startTimeMs,
  end_time: from.endTimeMs,
  artifact_uri: from.artifactUri,
  lifecycle_stage: from.lifecycleStage,
});

const runFields = ({ info, data }: RunEntity): Fields => ({
  info: infoFields(info),
  data: {
    metrics: Object.entries(data.metrics).map(([key, value]) => ({ key, value, timestamp: 0, step: 0 })),
    params: toPairs(data.params),
    tags: toPairs(data.tags),
  },
});

const HANDLERS: Readonly<Record<string, Handler>> = {
  'experiments/get-by-name': async (store, fields) => {
    const found = await store.getExperimentByName(text(fields['experiment_name']));
    if (found === undefined) throw notFound('No such experiment');
    return { experiment: experimentFields(found) };
  },
  'experiments/create': async (store, fields) => ({
    experiment_id: await store.createExperiment({ name: text(fields['name']) }),
  }),
  'runs/create': async (store, fields) => ({
    run: runFields(
      await store.createRun({
        experimentId: text(fields['experiment_id']),
        userId: text(fields['user_id']),
        runName: text(fields['run_name']),
        startTimeMs: Number(fields['start_time']),
        tags: list<KeyValue>(fields['tags']),
      }),
    ),
  }),
  'runs/get': async (store, fields) => ({ run: runFields(await store.getRun(text(fields['run_id']))) }),
  'runs/update': async (store, fields) => ({
    run_info: infoFields(
      await store.updateRun({
        runId: text(fields['run_id']),
        // The client under test sends MLflow's own words only.
        ...(fields['status'] === undefined ? {} : { status: fields['status'] as RunInfo['status'] }),
        ...(fields['end_time'] === undefined ? {} : { endTimeMs: Number(fields['end_time']) }),
      }),
    ),
  }),
  'runs/search': async (store, fields) => ({
    runs: (
      await store.searchRuns({ experimentIds: list<string>(fields['experiment_ids']), filter: text(fields['filter']) })
    ).items.map(runFields),
  }),
  'runs/delete': async (store, fields) => store.deleteRun(text(fields['run_id'])),
  'runs/log-batch': async (store, fields) =>
    store.logBatch({
      runId: text(fields['run_id']),
      metrics: list<WireMetric>(fields['metrics']).map(toMetric),
      params: list<KeyValue>(fields['params']),
      tags: list<KeyValue>(fields['tags']),
    }),
};

function notFound(message: string): MlflowError {
  return new MlflowError(message, { errorCode: 'RESOURCE_DOES_NOT_EXIST', status: 404, isRetryable: false });
}

/** A tracking server that can go away and come back on the same port, with what it stored. */
export class TrackingServer {
  readonly store: MemoryStore = new MemoryStore({ chosenRunId: false });
  readonly asked: string[] = [];
  /** What was put through the proxy, by endpoint; while {@link keepsArtifacts} holds, runs say that it goes there. */
  readonly artifacts: Map<string, string> = new Map();
  keepsArtifacts = false;
  /** The requests of spans, and by run what it is linked to; while {@link keepsTraces} holds. */
  readonly spans: { readonly experimentId: string; readonly runId: string; readonly body: string }[] = [];
  readonly links: Map<string, readonly string[]> = new Map();
  keepsTraces = false;
  /** The log-batches as they came. */
  readonly batches: Fields[] = [];
  /** The most requests that were answered at one time. */
  maxUnderWay = 0;
  #underWay = 0;
  /** Who may ask; others get 401. */
  accepts: (authorization: string | undefined) => boolean = () => true;
  /** Decides about each request by its endpoint, such as `runs/create`. */
  mood: (endpoint: string) => Mood = () => 'serve';
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens; on the port it had before, if it had one. */
  async start(): Promise<this> {
    const server = createServer((request, response) => {
      this.#underWay += 1;
      this.maxUnderWay = Math.max(this.maxUnderWay, this.#underWay);
      response.once('close', () => (this.#underWay -= 1));
      void this.#answer(request, response);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port; // a TCP server's address is one
    return this;
  }

  /** Refuses connections from now on. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(request.url ?? '', this.url);
    const endpoint = pathname.replace('/api/2.0/mlflow/', '');
    this.asked.push(endpoint);
    if (!this.accepts(request.headers.authorization)) {
      // As MLflow says it, by nature without a code.
      response.writeHead(401, { 'www-authenticate': 'Basic realm="mlflow"' }).end('You are not authenticated.');
      return;
    }
    const mood = this.mood(endpoint);
    if (mood === 'hang') return;
    if (typeof mood === 'number') {
      response.writeHead(mood).end('no');
      return;
    }
    const body = Buffer.concat(chunks).toString();
    if (request.method === 'PUT') {
      if (mood === 'serve') this.artifacts.set(decodeURIComponent(endpoint), body);
      response.writeHead(mood === 'serve' ? 200 : 500).end();
      return;
    }
    if (this.keepsTraces && mood === 'serve') {
      const answer = this.#answerTraces(endpoint, body, request.headers);
      if (answer !== undefined) {
        // As MLflow does: spans are taken without a word.
        const said = endpoint === '/v1/traces' ? '' : JSON.stringify(answer);
        response.writeHead(200, { 'content-type': 'application/json' }).end(said);
        return;
      }
    }
    const fields = (request.method === 'GET' ? Object.fromEntries(searchParams) : JSON.parse(body)) as Fields;
    if (endpoint === 'runs/log-batch') this.batches.push(fields);
    const carried = mood === '500-before' ? broken() : await this.#carryOut(endpoint, fields);
    const sent = mood === '500-after' ? broken() : carried;
    const answer = JSON.stringify(sent.answer);
    response
      .writeHead(sent.status, { 'content-type': 'application/json' })
      .end(this.keepsArtifacts ? answer.replaceAll('"artifact_uri":"/', '"artifact_uri":"mlflow-artifacts:/') : answer);
  }

  #answerTraces(endpoint: string, body: string, headers: IncomingMessage['headers']): unknown {
    const header = (name: string): string => String(headers[`x-mlflow-${name}`]);
    switch (endpoint) {
      case '/v1/traces':
        this.spans.push({ experimentId: header('experiment-id'), runId: header('run-id'), body });
        return {};
      case 'traces/link-to-run': {
        const { run_id: runId, trace_ids: ids } = JSON.parse(body) as { run_id: string; trace_ids: readonly string[] };
        this.links.set(runId, [...new Set([...(this.links.get(runId) ?? []), ...ids])]);
        return {};
      }
      case '/api/3.0/mlflow/traces/search': {
        const runId = /run_id = '([^']+)'/.exec(body)?.[1] ?? '';
        return { traces: (this.links.get(runId) ?? []).map((id) => ({ trace_id: id })) };
      }
      default:
        return undefined;
    }
  }

  async #carryOut(endpoint: string, fields: Fields): Promise<{ status: number; answer: unknown }> {
    try {
      const handler = HANDLERS[endpoint];
      if (handler === undefined) throw notFound(`No endpoint ${endpoint}`);
      return { status: 200, answer: (await handler(this.store, fields)) ?? {} };
    } catch (error) {
      if (!(error instanceof MlflowError)) throw error;
      return { status: error.status, answer: { error_code: error.errorCode, message: error.message } };
    }
  }
}

function broken(): { status: number; answer: unknown } {
  return { status: 500, answer: { error_code: 'INTERNAL_ERROR', message: 'the database went away' } };
}
