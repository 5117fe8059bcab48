// otel-collector.yaml, docker-compose.yml and deploy/: run, or checked, as they stand.
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { oneSpan, postJson } from './otlp.ts';
import { requireBackend } from './require-backend.ts';

const TRACE_ID = '6b8efff798038103d269b633813fc60c';
const root = join(import.meta.dirname, '../..');

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>>;
}

const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose = parse(text, { merge: true }) as Compose; // each test below reads what it needs, and fails where it is not there
const services = Object.values(compose.services);

describe('docker-compose.yml', () => {
  test('publishes on the loopback address alone', () => {
    const ports = services.flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test('takes every secret from a variable that must be set', () => {
    const all = services.flatMap((service) => Object.entries(service.environment ?? {}));
    const secrets = all.filter(([name]) => /PASSWORD|SECRET/.test(name)).map(([, value]) => value);
    expect(secrets.length).toBeGreaterThan(0);
    expect(secrets.filter((value) => !/^\$\{[A-Z0-9_]+:\?.+\}$/.test(value))).toEqual([]);
  });

  test('names the version of every image', () => {
    expect(services.map(({ image }) => image).filter((image) => !/:v?\d[\w.-]*$/.test(image))).toEqual([]);
  });

  test('sends spans to the trace store alone: runs bring theirs to MLflow themselves', () => {
    expect(/\$\{COLLECTOR_TRACES:-(.*)\}/.exec(text)?.[1]).toBe('[otlp_http/backend]');
  });

  test('mounts files that are there', () => {
    for (const { file } of Object.values(compose.configs)) expect(readFileSync(join(root, file), 'utf8')).not.toBe('');
  });
});

describe('MLflow as docker-compose.yml starts it', () => {
  const allowedHosts = compose.services['mlflow']?.command?.find((each) => each.startsWith('--allowed-hosts='));
  const mlflow = requireBackend('mlflow', { env: { MLFLOW_SERVER_ARGS: allowedHosts ?? '' } });

  function statusFor(host: string): Promise<number | undefined> {
    const url = `${mlflow.env.MLFLOW_TRACKING_URI}/api/2.0/mlflow/experiments/get?experiment_id=0`;
    return new Promise((resolve, reject) => {
      const sent = request(url, { headers: { host } }, (response) => resolve(response.resume().statusCode));
      sent.once('error', reject).end();
    });
  }

  test('answers the Collector and this machine, and nobody by another name', async () => {
    expect(allowedHosts).toBeDefined();
    const collector = compose.services['collector']?.environment;
    expect(await statusFor(new URL(collector?.['MLFLOW_TRACKING_URI'] ?? '').host)).toBe(200);
    expect(await statusFor('127.0.0.1:5000')).toBe(200);
    expect(await statusFor('rebound.example:5000')).toBe(403);
  });
});

describe('otel-collector.yaml with a trace store and MLflow, as its header says', () => {
  const mlflow = requireBackend('mlflow');
  const jaeger = requireBackend('jaeger');
  const collector = requireBackend('collector', () => ({
    env: {
      COLLECTOR_TRACES: '[otlp_http/backend, otlp_http/mlflow]',
      COLLECTOR_BACKEND: jaeger.env.JAEGER_OTLP_HTTP,
      MLFLOW_TRACKING_URI: mlflow.env.MLFLOW_TRACKING_URI,
      MLFLOW_EXPERIMENT_ID: '0',
    },
  }));

  async function readJson(url: string): Promise<unknown> {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return response.json();
  }

  test('brings a span to Jaeger and to MLflow, and to no file', async () => {
    await postJson(`${collector.env.OTEL_COLLECTOR_HTTP}/v1/traces`, oneSpan(TRACE_ID, { 'mlflow.run_id': 'r1' }));
    const inJaeger = await vi.waitFor(() => readJson(`${jaeger.env.JAEGER_URL}/api/v3/traces/${TRACE_ID}`), 60_000);
    expect(inJaeger).toMatchObject({ result: { resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'train' }] }] }] } });
    const inMlflow = await vi.waitFor(
      () => readJson(`${mlflow.env.MLFLOW_TRACKING_URI}/api/3.0/mlflow/traces/get?trace_id=tr-${TRACE_ID}`),
      60_000,
    );
    expect(inMlflow).toMatchObject({ trace: { spans: [{ name: 'train' }] } });
    const files = await readdir(collector.env.OTEL_COLLECTOR_OUT).catch(() => []);
    expect(files).not.toContain('traces.jsonl');
  });
});

test('Jaeger leads from mlflow.run_id to the page of the run', () => {
  const { linkPatterns } = JSON.parse(readFileSync(join(root, 'deploy/jaeger-ui.json'), 'utf8')) as {
    readonly linkPatterns: readonly { readonly type: string; readonly key: string; readonly url: string }[];
  };
  const pattern = linkPatterns.find(({ type, key }) => type === 'tags' && key === 'mlflow.run_id');
  const tags: Readonly<Record<string, string>> = { 'mlflow.experiment_id': '7', 'mlflow.run_id': 'abc' };
  const url = pattern?.url.replaceAll(/#\{([^{}]*)\}/g, (_, name: string) => encodeURIComponent(tags[name] ?? '?'));
  expect(url).toBe('http://127.0.0.1:5000/#/experiments/7/runs/abc');
});
