// MlflowClient whole: a class a group of methods, each upon the one before, since Python has them all on one.
import { McpServerMethods } from './mcp-server-methods.ts';
import { refuseWrongArguments } from './refuse-arguments.ts';

export type { MlflowClientOptions } from './client-calls.ts';

/**
 * Direct access to the tracking store, as Python's `MlflowClient`: required arguments in Python's order, options object last. A call
 * is done behind what is already accepted, is not journaled, and takes a run key wherever a run id stands.
 * Each method rejects with an `MlflowError` that carries MLflow's code and status, and with `INVALID_ARGUMENT` for an option that it
 * does not have.
 *
 * @see https://mlflow.org/docs/latest/api_reference/python_api/mlflow.client.html
 * @example
 * const client = mlflow.client();
 * const run = await client.getRun(runId);
 * console.log(run.info.status, run.data.params);
 */
export class MlflowClient extends McpServerMethods {
  static {
    refuseWrongArguments(this.prototype);
  }
}
