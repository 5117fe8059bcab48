// A local OTLP endpoint that speaks gRPC: a real server of grpc-js, which keeps the bytes and the headers it is sent.
import { Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import type { handleUnaryCall, ServiceDefinition, status } from '@grpc/grpc-js';

/** One export as it came. */
export interface GrpcCall {
  readonly signal: 'traces' | 'logs';
  /** Protobuf; texts can be found in it as they are. */
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A local OTLP endpoint. */
export interface GrpcEndpoint extends AsyncDisposable {
  readonly url: string;
  readonly calls: GrpcCall[];
  /** A refusal by its code, or how many items of each batch are refused with these words. @default all are taken */
  answer: { readonly code: status } | { readonly rejectedCount: number; readonly message: string } | undefined;
}

/** Starts a local OTLP endpoint on a free port; with certificates by TLS. */
export async function startGrpcEndpoint(
  credentials: ServerCredentials = ServerCredentials.createInsecure(),
): Promise<GrpcEndpoint> {
  const server = new Server();
  const calls: GrpcCall[] = [];
  for (const [signal, service] of [
    ['traces', 'trace.v1.TraceService'],
    ['logs', 'logs.v1.LogsService'],
  ] as const) {
    const take: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
      calls.push({ signal, body: call.request, headers: call.metadata.getMap() });
      const { answer } = endpoint;
      if (answer !== undefined && 'code' in answer)
        callback({ code: answer.code, details: 'told to', metadata: new Metadata() });
      else callback(null, answer === undefined ? Buffer.alloc(0) : partialSuccess(answer));
    };
    server.addService(exportOf(`/opentelemetry.proto.collector.${service}/Export`), { Export: take });
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  const endpoint: GrpcEndpoint = {
    url: `http${credentials._isSecure() ? 's' : ''}://127.0.0.1:${port}`,
    calls,
    answer: undefined,
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
  return endpoint;
}

function exportOf(path: string): ServiceDefinition {
  const same = (bytes: Buffer): Buffer => bytes;
  const codec = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  return { Export: { path, requestStream: false, responseStream: false, ...codec } };
}

/** `{ partial_success: { rejected: 1, error_message: 2 } }` of either signal, in protobuf; both are short. */
function partialSuccess({
  rejectedCount,
  message,
}: {
  readonly rejectedCount: number;
  readonly message: string;
}): Buffer {
  const inner = Buffer.concat([Buffer.from([0x08, rejectedCount, 0x12, message.length]), Buffer.from(message)]);
  return Buffer.concat([Buffer.from([0x0a, inner.length]), inner]);
}
