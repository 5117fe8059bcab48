import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ALERTS_FIELDS, resolveAlertsSettings } from '../../../src/config/settings/alerts-settings.ts';
import type { Field } from '../../../src/config/settings/fields.ts';
import { LOGGER_FIELDS, resolveLoggerSettings } from '../../../src/config/settings/logger-settings.ts';
import type { LoggerOptions } from '../../../src/config/settings/logger-settings.ts';
import { MLFLOW_FIELDS } from '../../../src/config/settings/mlflow-fields.ts';
import { resolveMlflowSettings } from '../../../src/config/settings/mlflow-settings.ts';
import type { MlflowOptions } from '../../../src/config/settings/mlflow-settings.ts';
import { loadSources } from '../../../src/config/settings/sources.ts';
import type { SettingsSources } from '../../../src/config/settings/sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'churn-'));
const project = folder.slice(folder.lastIndexOf('/') + 1);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function sources(env: Record<string, string> = {}): SettingsSources {
  return loadSources({ folder, env });
}

function mlflow(
  options: MlflowOptions = {},
  env: Record<string, string> = {},
): ReturnType<typeof resolveMlflowSettings> {
  return resolveMlflowSettings(options, sources(env));
}

describe('logger settings', () => {
  it("has the origin's defaults", () => {
    expect(resolveLoggerSettings({}, sources())).toEqual({
      sink: 'stderr',
      level: 'DEBUG',
      format: undefined,
      colorize: undefined,
      serialize: false,
      backtrace: true,
      diagnose: false,
      catch: true,
      otel: 'main',
      source: true,
      serviceName: project,
      redactAdd: [],
      redactRemove: [],
    });
  });

  it.each(['TRACE', 'DEBUG', 'INFO', 'SUCCESS', 'WARNING', 'ERROR', 'CRITICAL'] as const)(
    'takes %s in any case',
    (level) => {
      const mixed = (level.charAt(0) + level.slice(1).toLowerCase()) as LoggerOptions['level'] & string; // any case at run time
      for (const spelling of [level, level.toLowerCase() as Lowercase<typeof level>, mixed])
        expect(resolveLoggerSettings({ level: spelling }, sources()).level).toBe(level);
    },
  );

  it("takes pino's names", () => {
    expect(resolveLoggerSettings({ level: 'warn' }, sources()).level).toBe('WARNING');
    expect(resolveLoggerSettings({}, sources({ RUNSPAN_LOGGER_LEVEL: 'FATAL' })).level).toBe('CRITICAL');
  });

  it.each<[unknown, string]>([
    [{ level: 'NOPE' }, "'logger.level': 'NOPE' is not one of TRACE, DEBUG, INFO, SUCCESS, WARNING, ERROR, CRITICAL"],
    [{ level: 10 }, "'logger.level': 10"],
    [{ colorize: 'true' }, 'logger.colorize'],
    [{ colour: true }, "Unknown setting 'logger.colour'"],
  ])('L6: %j is an error that names the field', (options, message) => {
    expect(() => resolveLoggerSettings(options as LoggerOptions, sources())).toThrow(message);
  });
});

describe('alerts settings', () => {
  it("has the origin's defaults, and env", () => {
    expect(resolveAlertsSettings({}, sources())).toEqual({
      enable: true,
      appName: project,
      timeout: undefined,
      redactAdd: [],
      redactRemove: [],
    });
    const env = { RUNSPAN_ALERTS_ENABLE: 'off', RUNSPAN_ALERTS_APP_NAME: 'churn', RUNSPAN_ALERTS_TIMEOUT: '5' };
    expect(resolveAlertsSettings({}, sources(env))).toMatchObject({ enable: false, appName: 'churn', timeout: 5 });
  });

  it('E2: takes a number from the environment as a number', () => {
    expect(resolveAlertsSettings({}, sources({ RUNSPAN_ALERTS_TIMEOUT: '9' })).timeout).toBe(9);
  });

  it('takes whole seconds only', () => {
    expect(() => resolveAlertsSettings({ timeout: 1.5 }, sources())).toThrow(
      "'alerts.timeout': 1.5 is not a whole number from 1",
    );
  });
});

describe('mlflow settings', () => {
  it.each([
    ['sqlite:///mlflow.db', `sqlite:///${folder}/mlflow.db`],
    ['http://host:5000', 'http://host:5000'],
    ['http://me:secret@host:5000', undefined],
  ])('children are told of %s: %s', (trackingUri, told) => {
    expect(mlflow({ trackingUri }).childTrackingUri).toBe(told);
    expect(mlflow({ registryUri: trackingUri }).childRegistryUri).toBe(told);
    expect(mlflow({ trackingUri }).childRegistryUri).toBeUndefined();
  });

  it.each([
    ['s3://bucket/runs', 's3://bucket/runs'],
    ['file:///data/runs', 'file:///data/runs'],
    ['runs', join(folder, 'runs')],
    ['/data/runs', '/data/runs'],
  ])('keeps artifacts at %s: %s', (artifactRoot, meant) => {
    expect(mlflow({ artifactRoot }).artifactRoot).toBe(meant);
  });

  it.each(['mlflow-artifacts:/', 'gs://bucket/runs', 's3:///runs'])('keeps no artifacts at %s', (artifactRoot) => {
    expect(() => mlflow({ artifactRoot })).toThrow('is not a folder, file:///folder or s3://bucket/path');
  });

  it("has MLflow's, the origin's and DESIGN's defaults", () => {
    expect(mlflow()).toMatchObject({
      trackingUri: 'sqlite:///mlflow.db',
      registryUri: 'sqlite:///mlflow.db',
      absoluteTrackingUri: `sqlite:///${folder}/mlflow.db`,
      artifactRoot: join(folder, 'mlruns'),
      directory: join(folder, '.runspan'),
      experimentName: project,
      registryName: project,
      autologDisable: false,
      autologDisableForUnsupportedVersions: false,
      autologExclusive: false,
      autologLogInputExamples: true,
      autologLogModelSignatures: true,
      autologLogModels: false,
      autologLogDatasets: false,
      autologSilent: false,
      timeoutMs: 120_000,
      startTimeoutMs: 2000,
      drain: 'worker',
      durability: 'os',
      maxJournalBytes: 4 * 1024 ** 3,
      whenFull: 'refuse',
      blockTimeoutMs: 5000,
      strict: false,
      exitHooks: true,
      logSystemMetrics: true,
      isOffline: false,
      isDisabled: false,
    });
    expect(mlflow().connection).toEqual({
      timeoutMs: 120_000,
      isInsecureTls: false,
      artifacts: {
        s3: { addressingStyle: 'auto' },
        s3Access: 'auto',
        multipartUploadMinBytes: 500 * 1024 * 1024,
        multipartUploadChunkBytes: 10 * 1024 * 1024,
        multipartDownloadChunkBytes: 100 * 1024 * 1024,
      },
    });
    expect(mlflow().processEnv).toEqual({});
  });

  it("reads MLflow's own variables with their own units", () => {
    const settings = mlflow(
      {},
      {
        MLFLOW_TRACKING_URI: 'http://h:5000/',
        MLFLOW_EXPERIMENT_NAME: 'exp',
        MLFLOW_REGISTERED_MODEL_NAME: 'model',
        MLFLOW_TRACKING_USERNAME: 'me',
        MLFLOW_TRACKING_PASSWORD: 'hunter2',
        MLFLOW_TRACKING_TOKEN: 'token',
        MLFLOW_WORKSPACE: 'ws',
        MLFLOW_HTTP_REQUEST_TIMEOUT: '3',
        MLFLOW_TRACKING_SERVER_CERT_PATH: 'ca.pem',
        MLFLOW_TRACKING_CLIENT_CERT_PATH: 'me.pem',
        HTTP_PROXY: 'http://plain:3128',
        HTTPS_PROXY: 'http://ada:pw@upper:3128',
        https_proxy: 'http://lower:3128',
        NO_PROXY: '.internal',
        MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: 'false',
        RUNSPAN_DISABLED: '1',
      },
    );
    expect(settings).toMatchObject({
      trackingUri: 'http://h:5000/',
      registryUri: 'http://h:5000/',
      experimentName: 'exp',
      registryName: 'model',
    });
    expect(settings).toMatchObject({ logSystemMetrics: false, isDisabled: true });
    const { artifacts, ...connection } = settings.connection;
    expect(artifacts.s3).toEqual({ addressingStyle: 'auto' });
    expect(connection).toEqual({
      username: 'me',
      password: 'hunter2',
      token: 'token',
      workspace: 'ws',
      timeoutMs: 3000,
      serverCertPath: join(folder, 'ca.pem'),
      clientCertPath: join(folder, 'me.pem'),
      httpProxy: 'http://plain:3128',
      httpsProxy: 'http://lower:3128', // as in Python and curl
      httpProxyName: 'HTTP_PROXY',
      httpsProxyName: 'https_proxy',
      noProxy: '.internal',
      isInsecureTls: false,
    });
  });

  it('reaches by ALL_PROXY what has no proxy of its own', () => {
    const env = { ALL_PROXY: 'http://all:3128', https_proxy: 'http://tls:3128' };
    expect(mlflow({}, env).connection).toMatchObject({ httpProxy: 'http://all:3128', httpsProxy: 'http://tls:3128' });
  });

  it('tells the repositories of artifacts what MLflow’s variables say', () => {
    const env = {
      MLFLOW_S3_ENDPOINT_URL: 'http://s3:9000',
      MLFLOW_S3_IGNORE_TLS: 'true',
      MLFLOW_S3_UPLOAD_EXTRA_ARGS: '{"ServerSideEncryption":"AES256"}',
      MLFLOW_S3_EXPECTED_BUCKET_OWNER: '123',
      MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE: 'virtual',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_DEFAULT_REGION: 'eu-west-1',
      MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: 'false',
      MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE: '6000000',
      RUNSPAN_MLFLOW_S3_ACCESS: 'presigned',
    };
    const settings = mlflow({}, env);
    expect(settings.connection.artifacts).toEqual({
      s3: {
        endpointUrl: 'http://s3:9000',
        isInsecureTls: true,
        addressingStyle: 'virtual',
        uploadExtraArgs: { ServerSideEncryption: 'AES256' },
        expectedBucketOwner: '123',
        region: 'eu-west-1',
        accessKeyId: 'id',
        secretAccessKey: 'secret',
      },
      s3Access: 'presigned',
      hasMultipartUploads: false,
      multipartUploadMinBytes: 6_000_000,
      multipartUploadChunkBytes: 10 * 1024 * 1024,
      multipartDownloadChunkBytes: 100 * 1024 * 1024,
    });
    expect(JSON.stringify(settings)).not.toContain('secret');
    expect(mlflow({}, { AWS_ENDPOINT_URL_S3: 'http://other' }).connection.artifacts.s3?.endpointUrl).toBe(
      'http://other',
    );
    for (const wrong of ['[]', 'ServerSideEncryption=AES256', '1'])
      expect(() => mlflow({}, { MLFLOW_S3_UPLOAD_EXTRA_ARGS: wrong })).toThrow('a JSON object');
  });

  it('M10: hands S3 values on only where they are configured', () => {
    expect(mlflow({}, { AWS_ACCESS_KEY_ID: '', MLFLOW_S3_IGNORE_TLS: '' }).processEnv).toEqual({});
    expect(mlflow({ awsSecretAccessKey: 's', s3IgnoreTls: true }, { AWS_DEFAULT_REGION: 'eu' }).processEnv).toEqual({
      AWS_SECRET_ACCESS_KEY: 's',
      AWS_REGION: 'eu',
      MLFLOW_S3_IGNORE_TLS: 'true',
    });
  });

  it('splits credentials off the URI, and they go to that host only', () => {
    const settings = mlflow({ trackingUri: 'http://me:hunter2@h:5000/x', registryUri: 'http://other:5000' });
    expect(settings.trackingUri).toBe('http://h:5000/x');
    expect(settings.connection).toMatchObject({ username: 'me', password: 'hunter2' });
    expect(settings.registryConnection).not.toHaveProperty('password');
    expect(mlflow({ trackingUri: 'http://me:hunter2@h', registryUri: 'http://h/' }).registryConnection.password).toBe(
      'hunter2',
    );
  });

  it("lets the URI's own pair win over that of settings, as Python does, and never mixes the two", () => {
    const pair = { username: 'me', password: 'pw' };
    expect(mlflow({ trackingUri: 'http://uri:uripw@h', ...pair }).connection).toMatchObject({
      username: 'uri',
      password: 'uripw',
    });
    expect(mlflow({ trackingUri: 'http://uri:uripw@h', username: 'me' }).connection).toMatchObject({
      username: 'uri',
      password: 'uripw',
    });
    expect(mlflow({ trackingUri: 'http://uri@h', ...pair }).connection).toMatchObject(pair);
  });

  it('shows no secret when it is printed', () => {
    const settings = mlflow({
      trackingUri: 'http://me:hunter2@h',
      token: 'hunter2',
      awsSecretAccessKey: 'hunter2',
      awsSessionToken: 'hunter2',
      httpProxy: 'http://me:hunter2@proxy',
      httpsProxy: 'http://me:hunter2@proxy',
    });
    expect(JSON.stringify(settings) + JSON.stringify({ ...settings })).not.toContain('hunter2');
    expect(Object.isFrozen(settings)).toBe(true);
  });

  it.each<[MlflowOptions, string]>([
    [{ insecureTls: true, serverCertPath: 'x' }, 'exclude each other'],
    [{ trackingUri: 'http:///' }, "'mlflow.trackingUri': 'http:///' is not a URL"],
    [{ trackingUri: 'http://h/?key=hunter2' }, "'http://h/?…' is not a URL without ? and # (a token goes into MLFLOW_"],
    [{ trackingUri: 'https://me:pw@h/x#hunter2' }, "h/x?…' is not a URL without ? and #"],
    [{ registryUri: 'http://h?hunter2' }, "'http://h?…' is not a URL without ? and #"],
    [{ trackingUri: 'http:5000' }, 'is not a URL'],
    [{ traceUrlTemplate: 'http://jaeger' }, 'is not a URL with {traceId} in it'],
    [{ experimentName: '' }, "'mlflow.experimentName'"],
    [{ experimentName: 'x'.repeat(501) }, 'is not at most 500 characters'],
    [{ startTimeoutMs: 2 ** 31 }, 'mlflow.startTimeoutMs'],
  ])('refuses %j', (options, message) => {
    expect(() => mlflow(options)).toThrow(message);
  });
});

describe('every field', () => {
  const tables: [string, Readonly<Record<string, Field<unknown>>>][] = [
    ['logger', LOGGER_FIELDS],
    ['alerts', ALERTS_FIELDS],
    ['mlflow', MLFLOW_FIELDS as unknown as Readonly<Record<string, Field<unknown>>>], // one type for each key
  ];

  it.each(tables)('of %s has a meaning and a variable of its own', (_section, fields) => {
    const names = Object.entries(fields).flatMap(([key, field]) => {
      expect(field.doc, key).not.toBe('');
      expect(field.env?.length ?? 0, key).toBeGreaterThan(0);
      return field.env ?? [];
    });
    // the one that both proxies have where they have none of their own
    const own = names.filter((name) => name.toUpperCase() !== 'ALL_PROXY');
    expect(new Set(own).size).toBe(own.length);
    for (const name of names)
      expect(name).toMatch(/^(RUNSPAN|MLFLOW|OTEL|AWS)_[A-Z0-9_]+$|^(https?|all|no)_proxy$|^(HTTPS?|ALL|NO)_PROXY$/);
  });
});
