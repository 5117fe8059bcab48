// The closed list of OpenTelemetry namespaces whose attributes become tags of a run, not params.

/**
 * The namespaces of OpenTelemetry's semantic conventions that say where and how work ran.
 *
 * Left out on purpose are those whose words are everyday words for what is worked on (`test.`, `file.`, `source.`,
 * `system.`, `user.`, `session.`, `event.`, `device.`, `disk.`, `log.`, `model.`): `test.size` is a hyperparameter.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/
 */
const NAMESPACES: ReadonlySet<string> = new Set([
  'aws',
  'azure',
  'browser',
  'cicd',
  'client',
  'cloud',
  'cloudevents',
  'code',
  'container',
  'cpython',
  'db',
  'deployment',
  'dns',
  'enduser',
  'error',
  'exception',
  'faas',
  'feature_flag',
  'gcp',
  'gen_ai',
  'graphql',
  'heroku',
  'host',
  'http',
  'jvm',
  'k8s',
  'mcp',
  'messaging',
  'net',
  'network',
  'nodejs',
  'oci',
  'openai',
  'os',
  'otel',
  'peer',
  'process',
  'rpc',
  'server',
  'service',
  'telemetry',
  'thread',
  'tls',
  'url',
  'user_agent',
  'v8js',
  'vcs',
  'webengine',
]);

/**
 * Says whether an attribute key lies in one of OpenTelemetry's namespaces; the bare word (`error`) does not.
 *
 * @example
 * isSemanticConvention('http.request.method'); // true
 * isSemanticConvention('optimizer'); // false
 */
export function isSemanticConvention(key: string): boolean {
  const dot = key.indexOf('.');
  return dot > 0 && NAMESPACES.has(key.slice(0, dot));
}
