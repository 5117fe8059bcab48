// The rival that is the server's own limit: a bare undici loop of full log-batch requests, one loop a run.
import { Pool } from 'undici';

/** As many as the package itself opens. */
const CONNECTIONS = 8;
const BATCH = 1_000;

/** The loop, and the runs that it logs to. */
export interface BareLoop {
  /** Ids of so many runs of its own, made where they are not there yet. */
  runs(count: number): Promise<readonly string[]>;
  /** Logs so many metrics, spread over so many runs in full batches, all runs at once. */
  log(count: number, runs: number): Promise<void>;
  stop(): Promise<void>;
}

type Json = Readonly<Record<string, unknown>>;

/** Opens the loop on a tracking server, in an experiment of its own. */
export async function openBareLoop(trackingUri: string): Promise<BareLoop> {
  const pool = new Pool(trackingUri, { connections: CONNECTIONS });
  const post = async (path: string, body: Json): Promise<Json> => {
    const headers = { 'content-type': 'application/json' };
    const text = JSON.stringify(body);
    const answer = await pool.request({ method: 'POST', path: `/api/2.0/mlflow/${path}`, headers, body: text });
    if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${await answer.body.text()}`);
    return (await answer.body.json()) as Json; // 200 is an object
  };
  const { experiment_id: experimentId } = await post('experiments/create', { name: 'bare' });
  const ids: string[] = [];
  const runs = async (count: number): Promise<readonly string[]> => {
    while (ids.length < count) {
      const { run } = await post('runs/create', { experiment_id: experimentId, start_time: Date.now() });
      ids.push((run as { readonly info: { readonly run_id: string } }).info.run_id); // as MLflow documents it
    }
    return ids.slice(0, count);
  };
  let step = 0;
  const logRun = async (runId: string, count: number): Promise<void> => {
    for (let left = count; left > 0; left -= BATCH) {
      const timestamp = Date.now();
      const metrics = Array.from({ length: Math.min(left, BATCH) }, () => ({
        key: 'loss',
        value: 0.5,
        timestamp,
        step: step++,
      }));
      await post('runs/log-batch', { run_id: runId, metrics });
    }
  };
  return {
    runs,
    log: async (count, atOnce) => {
      const all = await runs(atOnce);
      await Promise.all(all.map((runId) => logRun(runId, Math.ceil(count / atOnce))));
    },
    stop: () => pool.close(),
  };
}
