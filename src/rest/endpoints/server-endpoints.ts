// What only a tracking server has, by name: the tables of all groups, and which of them belong to the model registry.
import { ASSESSMENT_ENDPOINTS, type AssessmentEndpoints } from './assessments.ts';
import { DATASET_ENDPOINTS, type DatasetEndpoints } from './datasets.ts';
import type { Endpoint } from '../wire/endpoint.ts';
import { LOGGED_MODEL_ENDPOINTS, type LoggedModelEndpoints } from './logged-models.ts';
import { REGISTRY_ENDPOINTS, type RegistryEndpoints } from './registry.ts';
import { MCP_SERVER_ENDPOINTS, type McpServerEndpoints } from './mcp-servers.ts';
import { NEW_TRACE_ENDPOINTS, type NewTraceEndpoints } from './new-traces.ts';
import { TRACE_COPY_ENDPOINTS, type TraceCopyEndpoints } from './trace-copies.ts';
import { TRACE_ENDPOINTS, type TraceEndpoints } from './traces.ts';
import { WEBHOOK_ENDPOINTS, type WebhookEndpoints } from './webhooks.ts';
import { WORKSPACE_ENDPOINTS, type WorkspaceEndpoints } from './workspaces.ts';

/** What the registry URI's server is asked. */
export interface RegistryServerEndpoints extends WebhookEndpoints, RegistryEndpoints {}

/** What the tracking URI's server is asked. */
export interface TrackingServerEndpoints
  extends
    LoggedModelEndpoints,
    DatasetEndpoints,
    TraceEndpoints,
    NewTraceEndpoints,
    TraceCopyEndpoints,
    AssessmentEndpoints,
    WorkspaceEndpoints,
    McpServerEndpoints {}

/** Every endpoint that the client asks by name. */
export interface ServerEndpoints extends TrackingServerEndpoints, RegistryServerEndpoints {}

/** A name in {@link ServerEndpoints}. */
export type ServerEndpoint = keyof ServerEndpoints;

/** What an endpoint is asked. */
export type RequestOf<N extends ServerEndpoint> = ServerEndpoints[N] extends Endpoint<infer Q, infer _> ? Q : never;

/** What it answers. */
export type AnswerOf<N extends ServerEndpoint> = ServerEndpoints[N] extends Endpoint<infer _, infer A> ? A : never;

const REGISTRY: RegistryServerEndpoints = { ...WEBHOOK_ENDPOINTS, ...REGISTRY_ENDPOINTS };

const TRACKING: TrackingServerEndpoints = {
  ...LOGGED_MODEL_ENDPOINTS,
  ...DATASET_ENDPOINTS,
  ...TRACE_ENDPOINTS,
  ...ASSESSMENT_ENDPOINTS,
  ...NEW_TRACE_ENDPOINTS,
  ...TRACE_COPY_ENDPOINTS,
  ...WORKSPACE_ENDPOINTS,
  ...MCP_SERVER_ENDPOINTS,
};

/** The tables of all groups. */
export const SERVER_ENDPOINTS: ServerEndpoints = { ...TRACKING, ...REGISTRY };
