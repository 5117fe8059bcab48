// What leads a child to a run that the job opened itself; register puts the same into process.env.
export function childEnv(run) {
  const { traceId, spanId } = run.span.spanContext();
  return {
    ...process.env,
    RUNSPAN_RUN_KEY: run.key,
    MLFLOW_RUN_ID: run.runId,
    TRACEPARENT: `00-${traceId}-${spanId}-01`,
  };
}
