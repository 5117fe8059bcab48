// Writes docs/api/: a reference of every entry of the package, by typedoc from the docstrings. A warning is a failure.
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { ENTRIES } from './check-docs.ts';

// typedoc needs the compiler's API, which the main entry of typescript 7 does not have: it gets typescript 6, by its alias.
registerHooks({
  resolve: (specifier, context, nextResolve) =>
    nextResolve(specifier === 'typescript' ? 'typescript6' : specifier, context),
});
const { Application, LogLevel } = await import('typedoc');

const root = join(import.meta.dirname, '..');
const out = join(root, 'docs/api');
const app = await Application.bootstrapWithPlugins({
  name: 'Runspan',
  plugin: ['typedoc-plugin-markdown'],
  entryPoints: ENTRIES.map((entry) => join(root, 'src', `${entry}.ts`)),
  tsconfig: join(root, 'tsconfig.build.json'),
  readme: 'none',
  logLevel: LogLevel.Warn,
  treatWarningsAsErrors: true,
  // What tests alone give to a constructor, and parts of exported types that nobody names by themselves.
  intentionallyNotExported: [
    'AlertsDependencies',
    'LoggerDependencies',
    'MlflowDependencies',
    'CriticalLevel',
    'Scope',
    'SpanEvent',
    'TelemetryResource',
    'AnswerOf',
    'ArtifactSettings',
    'RequestOf',
    'ServerEndpoints',
  ],
  excludeExternals: true,
  excludePrivate: true,
  excludeProtected: true,
  disableSources: true,
});
const project = await app.convert();
if (project) {
  app.validate(project);
  await app.generateDocs(project, out);
}
if (!project || app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1;
else console.log(`The API reference is in ${out}.`);
