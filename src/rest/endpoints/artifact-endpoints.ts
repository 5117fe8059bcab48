// The endpoints by which a server lets files go to and come from its object store: in parts, and by URLs that it has signed.
import { z } from 'zod';
import { integer, optional, text } from '../wire/checked.ts';
import type { Endpoint } from '../wire/endpoint.ts';

/** A URL that whoever has it may use, for a while. */
export interface SignedUrl {
  readonly url: string;
  /** To be sent with it. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One that a file comes from. */
export interface SignedDownload extends SignedUrl {
  readonly fileSize: number | undefined;
}

/** An upload that was begun. */
export interface PartedUpload {
  readonly uploadId: string;
  readonly parts: readonly (SignedUrl & { readonly partNumber: number })[];
}

/** A part that has arrived. */
export interface UploadedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly url: string;
}

/** Whose file: a run's, or a logged model's. */
export interface ArtifactOwner {
  readonly runId?: string;
  readonly modelId?: string;
}

const headers = z.record(z.string(), z.string()).default({});
const size = z.union([z.number(), z.string().regex(/^\d+$/)]).transform(Number);
const nothing = z.object({}).transform(() => undefined);

const partedUpload = z
  .object({
    upload_id: z.string(),
    credentials: z.array(z.object({ url: z.string(), part_number: z.number().int(), headers })),
  })
  .transform((from): PartedUpload => ({
    uploadId: from.upload_id,
    parts: from.credentials.map((one) => ({ url: one.url, headers: one.headers, partNumber: one.part_number })),
  }));

const proxiedDownload = z
  .object({ url: z.string(), headers: headers.nullish(), file_size: size.nullish() })
  .transform((from): SignedDownload => ({
    url: from.url,
    headers: from.headers ?? {},
    fileSize: from.file_size ?? undefined,
  }));

const signedUpload = z
  .object({ presigned_url: z.string(), headers })
  .transform((from): SignedUrl => ({ url: from.presigned_url, headers: from.headers }));

const signedDownload = z
  .object({ presigned_url: z.string(), headers, file_size: size.optional() })
  .transform((from): SignedDownload => ({ url: from.presigned_url, headers: from.headers, fileSize: from.file_size }));

const proxied = '/api/2.0/mlflow-artifacts';
const direct = '/api/2.0/mlflow/artifacts';

/** Begins an upload in parts below a folder of the proxy; sent twice it would begin two. */
export function createPartedUpload(folder: string): Endpoint<{ name: string; partCount: number }, PartedUpload> {
  return {
    method: 'POST',
    path: `${proxied}/mpu/create/${encoded(folder)}`,
    effect: 'once',
    encode: ({ name, partCount }) => ({ path: text(name, 'path'), num_parts: integer(partCount, 'number of parts') }),
    answer: partedUpload,
  };
}

/** Makes a file of the parts. */
export function completePartedUpload(
  folder: string,
): Endpoint<{ name: string; uploadId: string; parts: readonly UploadedPart[] }, void> {
  return {
    method: 'POST',
    path: `${proxied}/mpu/complete/${encoded(folder)}`,
    effect: 'once',
    encode: ({ name, uploadId, parts }) => ({
      path: text(name, 'path'),
      upload_id: text(uploadId, 'upload id'),
      parts: parts.map(({ partNumber, etag, url }) => ({ part_number: partNumber, etag, url })),
    }),
    answer: nothing,
  };
}

/** Throws the parts away. */
export function abortPartedUpload(folder: string): Endpoint<{ name: string; uploadId: string }, void> {
  return {
    method: 'POST',
    path: `${proxied}/mpu/abort/${encoded(folder)}`,
    effect: 'once',
    encode: ({ name, uploadId }) => ({ path: text(name, 'path'), upload_id: text(uploadId, 'upload id') }),
    answer: nothing,
  };
}

/** Where a file of the proxy can be had from its object store itself. */
export function getProxiedDownload(path: string): Endpoint<void, SignedDownload> {
  return {
    method: 'GET',
    path: `${proxied}/presigned/${encoded(path)}`,
    effect: 'read',
    encode: () => ({}),
    answer: proxiedDownload,
  };
}

/** Where a run's or model's file can be sent; for those whose artifacts are not behind the proxy. */
export const CREATE_SIGNED_UPLOAD: Endpoint<ArtifactOwner & { readonly path: string }, SignedUrl> = {
  method: 'POST',
  path: `${direct}/presigned-upload-url`,
  effect: 'read', // it only signs: asked twice, nothing has happened twice
  encode: ({ runId, modelId, path }) => ({
    run_id: optional(runId, 'run id'),
    model_id: optional(modelId, 'model id'),
    path: text(path, 'path'),
  }),
  answer: signedUpload,
};

/** Where a run's file can be had. */
export const CREATE_SIGNED_DOWNLOAD: Endpoint<{ readonly runId: string; readonly path: string }, SignedDownload> = {
  method: 'POST',
  path: `${direct}/presigned-download-url`,
  effect: 'read',
  encode: ({ runId, path }) => ({ run_id: text(runId, 'run id'), path: text(path, 'path') }),
  answer: signedDownload,
};

function encoded(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
