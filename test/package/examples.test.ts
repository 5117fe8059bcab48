// Compiles every @example of the public API, so that none goes stale.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examplesOf } from '../../scripts/check-docs.ts';
import { installPacked, type Consumer } from './consumer.ts';

/** What an example may speak of without declaring it. */
const PRELUDE = `
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace';
import { BatchLogRecordProcessor, type LogRecordExporter } from '@opentelemetry/sdk-logs';
declare const exporter: SpanExporter & LogRecordExporter;
declare const logger: LoggerService, service: LoggerService, alerts: AlertsService, mlflow: MlflowService;
declare const client: MlflowClient, run: Run, runId: string, modelId: string, traceId: string, assessmentId: string;
declare const root: LiveSpan;
declare function load(): Promise<number>;
declare function step(): Promise<number>;
declare function tick(): void;
declare function afterEach(clean: () => void): void;
declare const model: { fit(x: unknown, y: unknown, options: object): Promise<unknown> }, x: unknown, y: unknown;
`;

const options = {
  module: 'nodenext',
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: ['node'],
};

function moduleOf(text: string, names: readonly string[]): string {
  const lines = text.split('\n');
  const isImport = (line: string): boolean => /^import .* from /.test(line);
  const imports = lines.filter(isImport).join('\n');
  const body = lines.filter((line) => !isImport(line)).join('\n');
  const missing = names.filter((name) => !new RegExp(`^import .*\\b${name}\\b`, 'm').test(imports));
  return `import { ${missing.join(', ')} } from 'runspan';\n${PRELUDE}${imports}\nexport async function example() {\n${body}\n}\n`;
}

describe('the examples of the public API', () => {
  let project: Consumer;
  beforeAll(() => {
    project = installPacked();
  });
  afterAll(() => project.remove());

  it('compile, and one with a name that does not exist does not', { timeout: 60_000 }, () => {
    const { examples, names } = examplesOf(join(import.meta.dirname, '../../dist/index.d.ts'));
    expect(examples.length).toBeGreaterThan(10);
    examples.forEach(({ name, text }, at) => project.write(`examples/${name}-${at}.ts`, moduleOf(text, names)));
    project.write('examples/tfjs.d.ts', "declare module '@tensorflow/tfjs';\n");
    project.write('examples/stale.ts', moduleOf('mlflow.runKontext();', names));
    project.write('examples/tsconfig.json', JSON.stringify({ compilerOptions: options }));
    const { stdout } = project.run('tsc', ['-p', 'examples', '--pretty', 'false']);
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^examples\/stale\.ts.*'runKontext' does not exist/),
    ]);
  });
});
