// Which logged models a run works on and which it made: rows of MLflow's table of inputs, which holds outputs too.
import { randomBytes } from 'node:crypto';
import type { ModelOutput } from '../../model/entities.ts';
import type { SqliteDatabase } from './database.ts';

/** The models of one run. */
export interface ModelLinks {
  readonly inputs: { readonly modelId: string }[];
  readonly outputs: ModelOutput[];
}

/** One link between a run and a model. */
export interface ModelLink {
  readonly kind: 'INPUT' | 'OUTPUT';
  readonly runId: string;
  readonly modelId: string;
  readonly step: number;
}

/** Writes a link within a transaction; one that is there already stays as it is. */
export function linkModel(database: SqliteDatabase, { kind, runId, modelId, step }: ModelLink): void {
  database.requireModels();
  database.run(
    `INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id, step)
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    randomBytes(16).toString('hex'),
    `RUN_${kind}`,
    runId,
    `MODEL_${kind}`,
    modelId,
    step,
  );
}

/** Reads the links of runs. @param runIds a JSON array */
export function readModelLinks(database: SqliteDatabase, runIds: string): ReadonlyMap<string, ModelLinks> {
  const rows = database.all<{ kind: string; runId: string; modelId: string }>(
    `SELECT source_type AS kind, source_id AS runId, destination_id AS modelId FROM inputs
     WHERE source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND destination_type IN ('MODEL_INPUT', 'MODEL_OUTPUT')
       AND source_id IN (SELECT value FROM json_each(?)) ORDER BY rowid`,
    runIds,
  );
  const links = new Map<string, ModelLinks>();
  for (const { kind, runId, modelId } of rows) {
    const ofRun = links.get(runId) ?? { inputs: [], outputs: [] };
    links.set(runId, ofRun);
    if (kind === 'RUN_INPUT') ofRun.inputs.push({ modelId });
    else ofRun.outputs.push({ modelId, step: stepOf(database, runId, modelId) });
  }
  return links;
}

/** Asked for by itself: a file of MLflow 2 has no such column, and no such row either. */
function stepOf(database: SqliteDatabase, runId: string, modelId: string): number {
  const row = database.get<{ step: number }>(
    `SELECT CAST(step AS REAL) AS step FROM inputs
     WHERE source_type = 'RUN_OUTPUT' AND source_id = ? AND destination_type = 'MODEL_OUTPUT' AND destination_id = ?`,
    runId,
    modelId,
  );
  return row?.step ?? 0;
}
