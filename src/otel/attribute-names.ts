// The names that this package writes on spans and log records, in one place.

/** Says what a span is; `run` on a run's own span and nowhere else. */
export const ATTR_RUNSPAN_KIND = 'runspan.kind';

/** The value of {@link ATTR_RUNSPAN_KIND} on a run's own span. */
export const RUNSPAN_KIND_RUN = 'run';

/** The run's key: 32 hex characters, known from the first moment, on every span and log record of the run. */
export const ATTR_RUN_KEY = 'runspan.run_key';

/** The run's id in MLflow; set only once it is known. */
export const ATTR_MLFLOW_RUN_ID = 'mlflow.run_id';

/** Where the run's page is; set only where there is one. */
export const ATTR_MLFLOW_RUN_URL = 'mlflow.run_url';

/** The run's name. */
export const ATTR_MLFLOW_RUN_NAME = 'mlflow.run_name';

/** The id of the run's experiment; set only once it is known. */
export const ATTR_MLFLOW_EXPERIMENT_ID = 'mlflow.experiment_id';

/** The name of the run's experiment. */
export const ATTR_MLFLOW_EXPERIMENT_NAME = 'mlflow.experiment_name';

/** How the run ended: FINISHED, FAILED or KILLED. */
export const ATTR_MLFLOW_RUN_STATUS = 'mlflow.run.status';

/** The run id (or, before it is known, the key) of the run that this one is nested in. */
export const ATTR_MLFLOW_PARENT_RUN_ID = 'mlflow.parent_run_id';

/** On a root span, the name that MLflow gives the trace. */
export const ATTR_MLFLOW_TRACE_NAME = 'mlflow.traceTag.mlflow.traceName';

/** The class of the error that ended a span; `_OTHER` where it has none. */
export const ATTR_ERROR_TYPE = 'error.type';

/** The class of a recorded exception. */
export const ATTR_EXCEPTION_TYPE = 'exception.type';

/** The text of a recorded exception. */
export const ATTR_EXCEPTION_MESSAGE = 'exception.message';

/** The stack of a recorded exception. */
export const ATTR_EXCEPTION_STACKTRACE = 'exception.stacktrace';

/** The function a log line was written in. */
export const ATTR_CODE_FUNCTION_NAME = 'code.function.name';

/** The file a log line was written in. */
export const ATTR_CODE_FILE_PATH = 'code.file.path';

/** The line of the file a log line was written in, from 1. */
export const ATTR_CODE_LINE_NUMBER = 'code.line.number';

/** The name of the event that carries an exception on a span. */
export const EVENT_EXCEPTION = 'exception';

/** The instrumentation scope of every span and log record that this package makes. */
export const INSTRUMENTATION_SCOPE = 'runspan';

/** Prefixes of the run's own values on its span's end: `mlflow.param.lr`. */
export const MIRRORED_BACK_PREFIXES = { param: 'mlflow.param.', tag: 'mlflow.tag.', metric: 'mlflow.metric.' } as const;
