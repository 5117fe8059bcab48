// What of s3:// needs no server: the SDK that is not there, URIs, where the bucket stands, refusals.
import { describe, expect, it, onTestFinished } from 'vitest';
import { openArtifacts } from '../../../src/artifacts/repositories/open.ts';
import { createS3Client, loadAwsSdk } from '../../../src/artifacts/s3/s3-client.ts';
import { md5OfETag, s3Error } from '../../../src/artifacts/transfer/s3-errors.ts';
import { parseS3Uri } from '../../../src/artifacts/s3/s3.ts';
import type { S3Settings } from '../../../src/model/artifact-settings.ts';
import { startServer, text } from '../../rest/scripted-server.ts';

const runUri = 's3://bucket/0/0123456789abcdef0123456789abcdef/artifacts';
const notInstalled = (): Promise<never> =>
  Promise.reject(
    Object.assign(new Error("Cannot find package '@aws-sdk/client-s3'"), { code: 'ERR_MODULE_NOT_FOUND' }),
  );

describe('without the AWS SDK', () => {
  it.each([
    ['a store that is no server', 'sqlite:///mlflow.db', 'auto'],
    ['a server, where it is not to sign', 'http://127.0.0.1:9', 'direct'],
  ] as const)('with %s, says what to install', async (_, trackingUri, s3Access) => {
    const connection = { artifacts: { s3Access } };
    const opening = openArtifacts(runUri, { trackingUri, connection, loadSdk: notInstalled });
    await expect(opening).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      message: expect.stringContaining('npm install @aws-sdk/client-s3') as string,
    });
  });

  it('lets the tracking server sign', async () => {
    const options = { trackingUri: 'http://127.0.0.1:9', connection: {}, loadSdk: notInstalled };
    const artifacts = await openArtifacts(runUri, options);
    onTestFinished(() => artifacts.close());
    expect(artifacts.supports.delete).toBe(false);
    const other = openArtifacts('s3://bucket/elsewhere', options);
    await expect(other).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  });

  it('does not hide another failure of loading it', async () => {
    await expect(loadAwsSdk(() => Promise.reject(new Error('half installed')))).rejects.toThrow('half installed');
  });
});

describe('an s3 URI', () => {
  it.each([
    ['s3://bucket', 'bucket', ''],
    ['s3://bucket/', 'bucket', ''],
    ['s3://bucket/a/b/', 'bucket', 'a/b'],
    ['s3://key:secret@bucket/a?x=1', 'bucket', 'a'],
  ])('%s is bucket %s and root %j', (uri, bucket, root) => expect(parseS3Uri(uri)).toEqual({ bucket, root }));

  it.each([
    ['s3:///a', 'UNKNOWN_SCHEME'],
    ['gs://bucket/a', 'UNKNOWN_SCHEME'],
    ['s3://bucket/../a', 'INVALID_PATH'],
  ])('%s is %s', (uri, code) => expect(() => parseS3Uri(uri)).toThrow(expect.objectContaining({ code })));
});

describe('the client', () => {
  async function styleOf(settings: S3Settings): Promise<boolean> {
    const client = await createS3Client(await loadAwsSdk(), settings);
    onTestFinished(() => client.destroy());
    expect(await client.config.region()).toBe(settings.region ?? 'us-east-1');
    return client.config.forcePathStyle === true;
  }

  it.each<[string, S3Settings, boolean]>([
    ['AWS', { region: 'eu-west-1' }, false],
    ['AWS, asked for the path', { region: 'eu-west-1', addressingStyle: 'path' }, true],
    ['an endpoint of one’s own', { endpointUrl: 'http://127.0.0.1:9', region: 'us-east-1' }, true],
    [
      'an endpoint of one’s own, asked for the host',
      { endpointUrl: 'http://127.0.0.1:9', region: 'us-east-1', addressingStyle: 'virtual' },
      false,
    ],
  ])('puts the bucket into the path where boto does: %s', async (_, settings, isPath) => {
    expect(await styleOf(settings)).toBe(isPath);
  });

  it('sends what the settings say, and leaves no secret in an error', async () => {
    const refusal = '<Error><Code>AccessDenied</Code><Message>No.</Message></Error>';
    const server = await startServer(text(refusal, 403, { 'content-type': 'application/xml' }));
    const s3 = {
      endpointUrl: server.url,
      accessKeyId: 'me',
      secretAccessKey: 'hunter2hunter2',
      expectedBucketOwner: '123456789012',
    };
    const artifacts = await openArtifacts('s3://bucket/root', {
      trackingUri: 'sqlite://',
      connection: { artifacts: { s3 } },
    });
    onTestFinished(() => artifacts.close());
    const error: unknown = await artifacts.list('a').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ errorCode: 'PERMISSION_DENIED', status: 403, isRetryable: false });
    expect(String(error)).toBe("MlflowError: Cannot list 's3://bucket/root': No (AccessDenied).");
    expect(server.seen[0]?.url).toContain('/bucket/?');
    expect(server.seen[0]?.url).toContain('prefix=root%2Fa%2F');
    expect(server.seen[0]?.headers['x-amz-expected-bucket-owner']).toBe('123456789012');
    expect(JSON.stringify(server.seen)).not.toContain('hunter2hunter2');
  });

  it.each(['../x', '/x', 'root/../../x'])('refuses a listing that holds %s', async (key) => {
    const listing = `<ListBucketResult><Contents><Key>root/${key}</Key><Size>1</Size></Contents></ListBucketResult>`;
    const server = await startServer(text(listing, 200, { 'content-type': 'application/xml' }));
    const s3 = { endpointUrl: server.url, accessKeyId: 'me', secretAccessKey: 'secret' };
    const artifacts = await openArtifacts('s3://bucket/root', {
      trackingUri: 'sqlite://',
      connection: { artifacts: { s3 } },
    });
    onTestFinished(() => artifacts.close());
    await expect(artifacts.list()).rejects.toMatchObject({ code: 'INVALID_PATH' });
  });
});

describe('a refusal', () => {
  it.each([
    [{ code: 'NoSuchKey', status: 404, message: 'x' }, 'RESOURCE_DOES_NOT_EXIST', 404, false],
    [{ code: '', status: 404, message: 'UnknownError' }, 'RESOURCE_DOES_NOT_EXIST', 404, false],
    [{ code: 'InvalidAccessKeyId', status: 403, message: 'x' }, 'UNAUTHENTICATED', 401, false],
    [{ code: 'SlowDown', status: 503, message: 'x' }, 'TEMPORARILY_UNAVAILABLE', 503, true],
    [{ code: 'RequestTimeout', status: 400, message: 'x' }, 'BAD_REQUEST', 400, true],
    [{ code: 'InternalError', status: 500, message: 'x' }, 'INTERNAL_ERROR', 500, true],
    [{ code: 'ECONNREFUSED', status: 0, message: 'x' }, 'TEMPORARILY_UNAVAILABLE', 0, true],
    [{ code: 'EntityTooLarge', status: 400, message: 'x' }, 'BAD_REQUEST', 400, false],
  ])('%j is %s', (refusal, errorCode, status, isRetryable) => {
    expect(s3Error('read x', refusal)).toMatchObject({ errorCode, status, isRetryable });
  });

  it('tells an MD5 from other ETags', () => {
    const md5 = 'd41d8cd98f00b204e9800998ecf8427e';
    expect(md5OfETag(`"${md5}"`, undefined)).toBe(md5);
    expect(md5OfETag(`"${md5}"`, 'AES256')).toBe(md5);
    expect(md5OfETag(`"${md5}"`, 'aws:kms')).toBeUndefined();
    expect(md5OfETag(`"${md5}-2"`, undefined)).toBeUndefined();
    expect(md5OfETag(undefined, undefined)).toBeUndefined();
  });
});
