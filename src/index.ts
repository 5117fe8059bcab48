// The public face: named re-exports, no logic.

/**
 * `import { … } from 'runspan'`: the services, the functions without an instance, the processors for an OpenTelemetry SDK of your own,
 * and configurations. It works by `require` too.
 *
 * @module runspan
 */
export type { Config, ConfigMapping, ConfigValue } from './config/language/config-values.ts';
export { fromDotlist } from './config/language/dotlist.ts';
export { mergeConfigs } from './config/language/merge.ts';
export { parseFile, parseString } from './config/language/parse-text.ts';
export type { ConfigFormat, ParseOptions } from './config/language/parse-text.ts';
export { clearResolver, clearResolvers, hasResolver, registerResolver } from './config/language/resolvers.ts';
export type { Resolver, ResolverOptions } from './config/language/resolvers.ts';
export type { StandardIssue, StandardResult, StandardSchema } from './config/language/standard-schema.ts';
export { toObject } from './config/language/to-object.ts';
export type { SchemaOptions, ToObjectOptions } from './config/language/to-object.ts';
export { RunspanError, MlflowError } from './errors.ts';
export type { ErrorCode, MlflowErrorOptions, RunspanErrorOptions } from './errors.ts';
export type { AutologFlags } from './autolog/host.ts';
export type { TfjsModule } from './autolog/tfjs-types.ts';
export type { LoadedTfjsModel, TfjsLoader } from './autolog/load-tfjs.ts';
export type { AlertSink } from './model/alert-sink.ts';
export type {
  Assessment,
  AssessmentError,
  AssessmentInfo,
  AssessmentOptions,
  AssessmentSource,
  AssessmentSourceType,
  Expectation,
  Feedback,
  FeedbackOptions,
  IssueReference,
  NewAssessment,
  NewExpectation,
  NewFeedback,
} from './model/assessments.ts';
export type {
  DatasetRecord,
  DatasetRecordSource,
  DatasetRecordSourceType,
  EvaluationDataset,
  JsonObject,
  MergedRecords,
  NewDatasetRecord,
} from './model/datasets.ts';
export type {
  Dataset,
  DatasetInput,
  Experiment,
  FileInfo,
  KeyValue,
  LifecycleStage,
  LoggedModel,
  LoggedModelStatus,
  Metric,
  ModelOutput,
  Page,
  Param,
  RunData,
  RunEntity,
  RunInfo,
  RunStatus,
  Tag,
  TerminalStatus,
  ViewType,
} from './model/entities.ts';
export type {
  SpanEvent,
  SpanLink,
  SpanStatus,
  SpanStatusCode,
  Trace,
  TraceInfo,
  TraceSpan,
  TraceState,
} from './model/traces.ts';
export type { GetToken, TokenRequest } from './model/get-token.ts';
export { inferSignature, signatureNames } from './model/infer-signature.ts';
export type { ModelSignature, SignatureExamples } from './model/infer-signature.ts';
export { AlertSpanProcessor } from './otel/alert-span-processor.ts';
export type { RedactText } from './otel/alert-span-processor.ts';
export { mirrorAttributes } from './otel/run/mirror.ts';
export type { MirroredAttributes } from './otel/run/mirror.ts';
export { RunLogProcessor, RunSpanProcessor } from './otel/run/run-span-processor.ts';
export type { Durability, FlushResult, OutboxStats, RunAccount } from './outbox/contract.ts';
export type { MendReason } from './runs/intake/intake-gate.ts';
export type { FigureInput } from './artifacts/content/figure.ts';
export type { ImageInput, RawImage } from './artifacts/content/image.ts';
export type { TableInput } from './artifacts/content/table.ts';
export type { ByteInput } from './artifacts/transfer/temporary-file.ts';
export type { NewLoggedModelOptions } from './runs/client/logged-model-methods.ts';
export type { MlflowClient } from './runs/client/mlflow-client.ts';
export type { SearchExperimentsOptions, SearchOptions, SearchRunsOptions } from './runs/client/tracking-methods.ts';
export { PromptVersion } from './model/prompt-version.ts';
export type { PromptVersionFields } from './model/prompt-version.ts';
export type { ChatMessage, Prompt, PromptModelConfig, PromptTemplate } from './model/prompts.ts';
export type { PromptOptions } from './runs/client/prompt-tags.ts';
export { MODEL_VERSION_STAGES } from './model/registry.ts';
export type { ModelVersion, ModelVersionStatus, RegisteredModel } from './model/registry.ts';
export type { RegisterModelOptions } from './runs/client/model-file-methods.ts';
export type { ModelVersionOptions } from './runs/client/model-version-methods.ts';
export type { RegisteredModelOptions, RegistrySearchOptions } from './runs/client/registered-model-methods.ts';
export type { VersionNumber } from './runs/client/registry-checks.ts';
export type { ModelUri, PromptUri, RunsUri } from './model/model-uri.ts';
export { formatModelUri, formatRunsUri, parseModelUri, parsePromptUri, parseRunsUri } from './model/model-uri.ts';
export type {
  McpAccessEndpoint,
  McpIcon,
  McpRecord,
  McpServer,
  McpServerVersion,
  McpStatus,
  McpTool,
  McpTransportType,
} from './model/mcp-servers.ts';
export type { TraceArchivalConfig, Workspace, WorkspaceDeletionMode } from './model/workspaces.ts';
export { WEBHOOK_EVENTS } from './model/webhooks.ts';
export type { Webhook, WebhookEvent, WebhookStatus, WebhookTestResult } from './model/webhooks.ts';
export type { McpEndpointFields, McpSearch, McpServerFields, McpVersionFields } from './rest/endpoints/mcp-servers.ts';
export type { TraceDeletion } from './rest/endpoints/traces.ts';
export type { WebhookFields } from './rest/endpoints/webhooks.ts';
export type { WorkspaceFields } from './rest/endpoints/workspaces.ts';
export type { DatasetSearchOptions } from './rest/endpoints/datasets.ts';
export type { LoggedModelOrder, LoggedModelSearchOptions } from './rest/endpoints/logged-models.ts';
export type { LiveSpan, SpanEndOptions, SpanOptions } from './runs/client/live-span.ts';
export type { TraceOptions } from './runs/client/live-trace-methods.ts';
export type { TraceSearchOptions } from './runs/client/trace-methods.ts';
export type { PagedList } from './runs/client/paged-list.ts';
export type { JoinedRun } from './runs/open/joined-run.ts';
export type { RunConfig } from './runs/open/run-config.ts';
export type { ImageOptions } from './runs/image-options.ts';
export type { InputOptions, MetricOptions, Run, RunDataset, RunLog } from './runs/run.ts';
export { AlertsService } from './services/alerts/alerts-service.ts';
export type { AlertsOptions, AlertsSettings } from './services/alerts/alerts-service.ts';
export { autolog } from './services/fluent/autolog.ts';
export {
  activeRun,
  flush,
  lastRun,
  log,
  logMetric,
  logMetrics,
  logParam,
  logParams,
  registerModel,
  runContext,
  setTag,
  setTags,
  startRun,
  stats,
} from './services/fluent/fluent.ts';
export {
  createExperiment,
  deleteExperiment,
  deleteExperimentTag,
  deleteRun,
  deleteTag,
  getExperiment,
  getExperimentByName,
  getParentRun,
  getRun,
  loadTable,
  restoreExperiment,
  restoreRun,
  searchExperiments,
  searchRuns,
  setExperimentTag,
  setExperimentTags,
  setExperiment,
} from './services/fluent/fluent-experiments.ts';
export type { ExperimentChoice } from './services/mlflow/choose-experiment.ts';
export type { RunSearchOptions } from './services/fluent/fluent-experiments.ts';
export {
  logArtifact,
  logArtifacts,
  logDict,
  logFigure,
  logImage,
  logInput,
  logTable,
  logText,
} from './services/fluent/fluent-files.ts';
export {
  deleteLoggedModelTag,
  deletePromptAlias,
  finalizeLoggedModel,
  getLoggedModel,
  initializeLoggedModel,
  loadPrompt,
  logModelParams,
  registerPrompt,
  searchLoggedModels,
  searchModelVersions,
  searchPrompts,
  searchRegisteredModels,
  setLoggedModelTags,
  setModelVersionTag,
  setPromptAlias,
} from './services/fluent/fluent-models.ts';
export type { InitializeModelOptions } from './services/fluent/fluent-models.ts';
export {
  clearActiveModel,
  createExternalModel,
  getActiveModelId,
  lastLoggedModel,
  setActiveModel,
} from './services/fluent/fluent-active-model.ts';
export type { ActiveModel, ActiveModelChoice } from './services/fluent/fluent-active-model.ts';
export {
  deleteAssessment,
  deleteTraceTag,
  getAssessment,
  getTrace,
  logAssessment,
  logExpectation,
  logFeedback,
  overrideFeedback,
  searchTraces,
  setTraceTag,
  updateAssessment,
} from './services/fluent/fluent-traces.ts';
export { LoggerService } from './services/logger/logger-service.ts';
export type {
  LogExport,
  LoggerOptions,
  LoggerSettings,
  LoggerStats,
  LogLevel,
  LogLevelName,
  RedactOptions,
  RunspanLogger,
} from './services/logger/logger-service.ts';
export { MlflowService } from './services/mlflow/mlflow-service.ts';
export type {
  AutologOptions,
  DeadlineOptions,
  MlflowLinks,
  MlflowOptions,
  MlflowSettings,
  S3Options,
  ServerConnection,
  ServerOptions,
} from './services/mlflow/mlflow-links.ts';
export type { MlflowStats } from './services/mlflow/run-book.ts';
export type { SpanBody } from './otel/span.ts';
export type {
  EmittedLogRecord,
  EndedSpan,
  LogRecordProcessorLike,
  SpanProcessorLike,
  StartedSpan,
} from './otel/sdk-types.ts';
export { Service } from './services/lifecycle/service.ts';
export type { ServiceStatus, StopOptions } from './services/lifecycle/service.ts';
export { startServices } from './services/stack.ts';
export type { ServiceStack } from './services/stack.ts';
