// The endpoints of traces: path, query, body, answer, and what a repeat does.
import { describe, expect, it, onTestFinished } from 'vitest';
import { TRACE_ENDPOINTS } from '../../../src/rest/endpoints/traces.ts';
import { openHttpStore } from '../../../src/stores/http/http-store.ts';
import { json, startServer, text, type Answer } from '../scripted-server.ts';

async function open(answer: Answer) {
  const server = await startServer(answer);
  const store = openHttpStore(server.url, {});
  onTestFinished(() => store.close());
  return { server, store };
}

const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
const TRACE = 'ab'.repeat(16);
const SPAN = 'cd'.repeat(8);
const PARENT = 'ef'.repeat(8);

describe('the endpoints of traces', () => {
  it('repeat only what a second sending does not do twice', () => {
    const once = Object.entries(TRACE_ENDPOINTS).filter(([, { effect }]) => effect === 'once');
    expect(once.map(([name]) => name)).toEqual(['deleteTraces', 'deleteTraceTag']);
  });

  it('tell a trace which prompts it used', async () => {
    const { server, store } = await open(json({}));
    await store.request('linkPromptsToTrace', { traceId: 'tr-1', prompts: [{ name: 'a', version: '2' }] });
    expect(server.seen[0]).toMatchObject({ method: 'POST', url: '/api/2.0/mlflow/traces/link-prompts' });
    const body: unknown = JSON.parse(server.seen[0]?.body ?? '');
    expect(body).toEqual({ trace_id: 'tr-1', prompt_versions: [{ name: 'a', version: '2' }] });
  });

  it('read times in nanoseconds and integers of any size', async () => {
    const body = `{"trace":{"trace_info":{"trace_id":"tr-1","request_time":"2026-01-02T03:04:05.678901Z",
      "execution_duration":"1.005s","state":"OK","tags":{"a":"b"}},
      "spans":[{"trace_id":"${base64(TRACE)}","span_id":"${base64(SPAN)}","parent_span_id":"${base64(PARENT)}","name":"s",
        "start_time_unix_nano":1795754376632252507,"end_time_unix_nano":"1795754376632252508",
        "attributes":[{"key":"n","value":{"int_value":9223372036854775807}},{"key":"t","value":{"int_value":"-9007199254740993"}},
          {"key":"i","value":{"int_value":7}},{"key":"d","value":{"double_value":"NaN"}},{"key":"z"},{"key":"b","value":{"bool_value":false}},
          {"key":"l","value":{"array_value":{}}},{"key":"o","value":{"kvlist_value":{"values":[{"key":"k","value":{"string_value":""}}]}}},
          {"key":"y","value":{"bytes_value":"AQ=="}}],
        "events":[{"name":"e","time_unix_nano":1}]},
        {"trace_id":"${base64(TRACE)}","span_id":"${base64(PARENT)}","start_time_unix_nano":1}]}}`;
    const { server, store } = await open(text(body));
    const { info, data } = await store.request('getTrace', 'tr-1');
    expect(server.seen[0]?.url).toBe('/api/3.0/mlflow/traces/get?trace_id=tr-1&allow_partial=false');
    expect(info).toMatchObject({
      requestTimeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      executionDurationMs: 1005,
      experimentId: undefined,
      requestPreview: undefined,
      tags: { a: 'b' },
    });
    expect(data.spans[0]).toEqual({
      traceId: `tr-${TRACE}`,
      spanId: SPAN,
      parentId: PARENT,
      name: 's',
      spanType: 'UNKNOWN',
      startTimeNs: 1_795_754_376_632_252_507n,
      endTimeNs: 1_795_754_376_632_252_508n,
      status: { code: 'UNSET', message: '' },
      inputs: undefined,
      outputs: undefined,
      attributes: {
        n: 9_223_372_036_854_775_807n,
        t: -9_007_199_254_740_993n,
        i: 7,
        d: NaN,
        z: null,
        b: false,
        l: [],
        o: { k: '' },
        y: 'AQ==',
      },
      events: [{ name: 'e', timeNs: 1n, attributes: {} }],
      links: [],
    });
    expect(data.spans[1]).toMatchObject({ parentId: undefined, endTimeNs: undefined, attributes: {}, name: '' });
  });

  it("read the spans of MLflow's own file, whose attributes are texts of JSON", async () => {
    const span = {
      trace_id: base64(TRACE),
      span_id: SPAN, // as MLflow 3.5.0 wrote them
      parent_span_id: null,
      name: 's',
      end_time_unix_nano: null,
      attributes: {
        'mlflow.traceRequestId': '"tr-x"',
        'mlflow.spanInputs': '{"n": 1152921504606846977}',
        odd: 'no JSON',
        n: 1,
      },
      events: [{ name: 'e', time_unix_nano: 5, attributes: { a: 1 } }],
      links: [{ trace_id: 'tr-y', span_id: PARENT, attributes: null }],
      status: { code: 'STATUS_CODE_ERROR', message: 'm' },
    };
    const body = JSON.stringify({ spans: [span] }).replace(
      '"name"',
      '"start_time_unix_nano":1795754376632252507,"name"',
    );
    const { server, store } = await open(text(body));
    expect(await store.request('getTraceFile', 'tr-x')).toEqual([
      {
        traceId: 'tr-x',
        spanId: SPAN,
        parentId: undefined,
        name: 's',
        spanType: 'UNKNOWN',
        startTimeNs: 1_795_754_376_632_252_507n,
        endTimeNs: undefined,
        status: { code: 'ERROR', message: 'm' },
        inputs: { n: 1_152_921_504_606_846_977n },
        outputs: undefined,
        attributes: {
          'mlflow.traceRequestId': 'tr-x',
          'mlflow.spanInputs': { n: 1_152_921_504_606_846_977n },
          odd: 'no JSON',
          n: 1,
        },
        events: [{ name: 'e', timeNs: 5n, attributes: { a: 1 } }],
        links: [{ traceId: 'tr-y', spanId: PARENT, attributes: {} }],
      },
    ]);
    expect(server.seen[0]?.url).toBe('/ajax-api/3.0/mlflow/get-trace-artifact?request_id=tr-x');
  });

  it('name several traces in one query, and a tag that goes in a body', async () => {
    const { server, store } = await open(json({}));
    await store.request('getTraces', ['tr-1', 'tr-2']);
    await store.request('deleteTraceTag', { traceId: 'tr-1', key: 'k' });
    await store.request('setTraceTag', { traceId: 'tr-1', key: 'k', value: 'v' });
    await store.request('searchTraces', { locations: [] });
    expect(server.seen.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['GET', '/api/3.0/mlflow/traces/batchGet?trace_ids=tr-1&trace_ids=tr-2', ''],
      ['DELETE', '/api/2.0/mlflow/traces/tr-1/tags', '{"request_id":"tr-1","key":"k"}'],
      ['PATCH', '/api/2.0/mlflow/traces/tr-1/tags', '{"request_id":"tr-1","key":"k","value":"v"}'],
      ['POST', '/api/3.0/mlflow/traces/search', '{"max_results":100}'],
    ]);
  });

  it('take no answer whose times are none', async () => {
    const { store } = await open(json({ trace: { trace_info: { trace_id: 'tr-1', request_time: 'yesterday' } } }));
    await expect(store.request('getTraceInfo', 'tr-1')).rejects.toThrow(/another shape/);
  });
});
