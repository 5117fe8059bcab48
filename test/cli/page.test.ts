// The page of a run as text: every word of the user's escaped, nothing loaded, small whatever the run.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderPage } from '../../src/cli/html/page.ts';
import { escapeHtml, link } from '../../src/cli/html/text.ts';
import { type RunReport, summarise } from '../../src/cli/report/run-report.ts';

const ATTACK = `</script><script>alert(1)</script>"'><img src=x onerror=alert(1)>`;

function report(text: string, over: Partial<RunReport> = {}): RunReport {
  const span = { spanId: text, parentSpanId: undefined, traceId: text, startMs: 0, endMs: 5, isError: true };
  return {
    info: {
      runId: text,
      runName: text,
      experimentId: '1',
      userId: text,
      status: 'FAILED',
      startTimeMs: 0,
      endTimeMs: 10,
      artifactUri: text,
      lifecycleStage: 'active',
    },
    experimentName: text,
    params: { [text]: text },
    tags: { [text]: text, 'mlflow.note.content': text },
    metrics: [summarise(text, 1, [1, 2].map((value, step) => ({ key: text, value, step, timestampMs: step })))], // prettier-ignore
    inputs: [{ dataset: { name: text, digest: text, sourceType: text, source: text }, tags: [] }],
    files: {
      files: [{ path: text, isDir: false, fileSize: 3 }],
      hasMore: false,
      spans: [{ ...span, name: text, message: text, attributes: { [text]: text }, exceptions: [text] }],
      logs: [{ timeMs: 0, level: text, message: text, spanId: text, attributes: { [text]: text } }],
    },
    runUrl: `https://mlflow.test/${text}`,
    trace: { traceId: text, spanId: text, url: text },
    ...over,
  };
}

const tagsOf = (page: string): string[] => [...page.matchAll(/<([a-z][a-z0-9]*)/g)].map(([, tag]) => tag ?? '');

describe('a page', () => {
  it('takes every text for a text', () => {
    const [plain, attacked] = [renderPage(report('plain'), 0), renderPage(report(ATTACK), 0)];
    // Attributes of spans hold the same keys: the table is one row shorter where `plain` is the name of two of them.
    expect(
      tagsOf(attacked).filter((tag) => ['script', 'img', 'style', 'iframe', 'link', 'meta'].includes(tag)),
    ).toEqual(tagsOf(plain).filter((tag) => ['script', 'img', 'style', 'iframe', 'link', 'meta'].includes(tag)));
    expect(attacked).not.toContain('<img');
    // Outside quotes: inside them a word is a word.
    expect(attacked.replaceAll(/"[^"]*"/g, '""')).not.toMatch(/<[^>]+\son[a-z]+=/);
    expect(attacked.match(/<script/g)).toHaveLength(2);
  });

  it('has a policy that lets its own style and script through and nothing else', () => {
    const page = renderPage(report('x'), 0);
    const hash = (text: string | undefined): string =>
      `'sha256-${createHash('sha256')
        .update(text ?? '')
        .digest('base64')}'`;
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1];
    const script = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1];
    expect(page).toContain(`default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)};`);
    expect(page).not.toMatch(/\s(?:src|href)="(?!https:\/\/mlflow\.test|data:,)/);
    expect(page).not.toMatch(/\sstyle="/);
  });

  it('links to pages of the web only', () => {
    expect(link('https://a.test/?q="<', 'a')).toBe(
      '<a href="https://a.test/?q=&quot;&lt;" rel="noopener noreferrer" target="_blank">a</a>',
    );
    for (const url of ['javascript:alert(1)', 'data:text/html,x', ' https://a.test', 'http://', 'file:///etc/passwd'])
      expect(link(url, '<b>')).toBe('&lt;b&gt;');
  });

  it('has no character left that means something in HTML, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeHtml(text)).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/);
      }),
    );
  });

  it('of a hundred thousand points, ten thousand lines and spans stays below 3 MB, and says what it left out', () => {
    const history = Array.from({ length: 100_000 }, (_, step) => ({
      key: 'loss',
      value: Math.sin(step),
      step,
      timestampMs: step,
    }));
    const { files } = report('x');
    const spans = Array.from({ length: 10_000 }, (_, at) => ({
      ...(files.spans[0] as (typeof files.spans)[0]),
      spanId: `s${at}`,
    }));
    const logs = Array.from({ length: 10_000 }, () => ({
      ...(files.logs[0] as (typeof files.logs)[0]),
      message: 'y'.repeat(500),
    }));
    const large = report('x', { metrics: [summarise('loss', 0, history)], files: { ...files, spans, logs } });
    const page = renderPage(large, 0);
    expect(page.length).toBeLessThan(3_000_000);
    expect(page).toContain('1,000 of 100,000 points are drawn');
    expect(page).toContain('9,000 more spans are not drawn');
    expect(page).toContain('The last 2,000 of 10,000 lines');
  });

  it('has what the machine did below what the run is about, and only whole steps on its axes', () => {
    const of = (key: string) =>
      summarise(
        key,
        0,
        [0, 1].map((step) => ({ key, value: step, step, timestampMs: step })),
      );
    const page = renderPage(report('x', { metrics: ['loss', 'system/cpu', 'zeta'].map(of) }), 0);
    const order = [...page.matchAll(/<h2>(.*?)<\/h2>|<figcaption><b>(.*?)<\/b>/g)].map(
      ([, title, key]) => title ?? key,
    );
    const own = ['Metrics', 'loss', 'zeta', 'Metric values', 'Trace', 'Log', 'Params', 'Tags', 'Inputs', 'Artifacts'];
    expect(order).toEqual([...own, 'System metrics', 'system/cpu', 'System metric values']);
    const steps = [...page.matchAll(/text-anchor="middle">(.*?)</g)].map(([, text]) => text);
    expect(steps).toEqual(['0', '1', '0', '1', '0', '1']);
  });

  it('says why there is no trace', () => {
    const { info, files } = report('x');
    const bare = { ...files, spans: [], logs: [] };
    expect(renderPage(report('x', { files: bare }), 0)).toContain('A run that was killed keeps none');
    expect(renderPage(report('x', { info: { ...info, status: 'RUNNING' }, files: bare }), 0)).toContain(
      'when the run ends',
    );
  });
});
