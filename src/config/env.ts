// The one file that reads or writes process.env.

/** The process's variables at one moment. */
export type EnvSnapshot = Readonly<Record<string, string>>;

/**
 * Returns a copy of the process's environment as it is now.
 *
 * @example
 * readEnv()['MLFLOW_TRACKING_URI'];
 */
export function readEnv(): EnvSnapshot {
  return copyEnv();
}

/**
 * Sets variables that libraries read by themselves (AWS_*, MLFLOW_S3_*, OTEL_*), only where a non-empty value is given and
 * none, or an empty one, is set. Returns the names that were set.
 *
 * @example
 * setEnvDefaults({ AWS_REGION: 'eu-west-1', AWS_PROFILE: '' }); // ['AWS_REGION'] where it was unset
 */
export function setEnvDefaults(values: Readonly<Record<string, string | undefined>>): readonly string[] {
  const names: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === '' || (process.env[name] ?? '') !== '') continue;
    process.env[name] = value;
    names.push(name);
  }
  return names;
}

/**
 * Sets variables for what this process starts from now on; undefined ones are left alone.
 *
 * @returns puts back what was there
 * @example
 * const undo = setForChildren({ TRACEPARENT: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' });
 */
export function setForChildren(values: Readonly<Record<string, string | undefined>>): () => void {
  const before = Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const old = process.env[name];
    process.env[name] = value;
    return [{ name, value, old }];
  });
  return () => {
    for (const { name, value, old } of before) {
      // What the job itself has set meanwhile is the job's.
      if (process.env[name] !== value) continue;
      if (old === undefined) delete process.env[name];
      else process.env[name] = old;
    }
  };
}

/** Returns the environment for a worker of ours: a copy without NODE_OPTIONS, which would load the job's own preloads again. */
export function workerEnv(): Record<string, string> {
  return Object.fromEntries(Object.entries(copyEnv()).filter(([name]) => name.toUpperCase() !== 'NODE_OPTIONS'));
}

function copyEnv(): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) values[name] = value;
  return values;
}
