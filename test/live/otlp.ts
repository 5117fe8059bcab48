// OTLP in JSON, by hand: what a job would send, without any SDK between.

/** Posts JSON; throws with the answer's text where the server refuses it. */
export async function postJson(url: string, body: unknown): Promise<Response> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response;
}

/** A request of one root span, ended now. */
export function oneSpan(traceId: string, attributes: Readonly<Record<string, string>> = {}): unknown {
  const startMs = Date.now();
  const span = {
    traceId,
    spanId: 'eee19b7ec3c1b174',
    name: 'train',
    kind: 1,
    startTimeUnixNano: `${startMs}000000`,
    endTimeUnixNano: `${startMs + 5}000000`,
    attributes: Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  };
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'churn' } }] };
  return { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] };
}
