// Figures as files that MLflow's page shows: SVG and PNG as they are, Plotly and Vega-Lite on a page of their own.
import { extname } from 'node:path';
import { RunspanError } from '../../errors.ts';
import { toJsonValue } from '../../model/mend-text.ts';

/** The text of an SVG, the bytes of a picture, or what Plotly (`{ data, layout }`) or Vega-Lite (`{ mark }`, `{ $schema }`) is given. */
export type FigureInput = string | Uint8Array | object;

/** The most values of one figure. */
const MAX_VALUES = 10_000_000;

const SCRIPTS = {
  plotly: ['https://cdn.plot.ly/plotly-3.1.0.min.js'],
  vega: [
    'https://cdn.jsdelivr.net/npm/vega@6',
    'https://cdn.jsdelivr.net/npm/vega-lite@6',
    'https://cdn.jsdelivr.net/npm/vega-embed@7',
  ],
} as const;

const DRAW = {
  plotly: 'Plotly.newPlot("figure", spec.data, spec.layout || {}, Object.assign({ responsive: true }, spec.config));',
  vega: 'vegaEmbed("#figure", spec);',
} as const;

/**
 * Makes the file of a figure. A specification becomes a page that draws it (`.html`, with the library from its CDN, as Python's client
 * writes Plotly's) or itself (`.json`).
 *
 * @throws {RunspanError} `INVALID_ARGUMENT` for what is no figure, or a name that says another format
 */
export function encodeFigure(figure: FigureInput, artifactFile: string): Uint8Array {
  const ending = extname(artifactFile).toLowerCase();
  if (figure instanceof Uint8Array) return figure;
  if (typeof figure === 'string') {
    if (ending === '.html' || (ending === '.svg' && figure.includes('<svg'))) return Buffer.from(figure);
    throw invalid(
      `Cannot write '${artifactFile}': a text is an SVG under a name ending in .svg, or a page under .html.`,
    );
  }
  const kind = kindOf(figure);
  // `<` is the one character that could end the script it stands in
  const json = JSON.stringify(toJsonValue(figure, MAX_VALUES));
  if (ending === '.json') return Buffer.from(json);
  if (ending === '.html') return Buffer.from(pageOf(kind, json.replaceAll('<', '\\u003c')));
  throw invalid(`Cannot write '${artifactFile}': a figure of Plotly or Vega-Lite is written as .html or .json.`);
}

function kindOf(figure: unknown): keyof typeof SCRIPTS {
  if (typeof figure === 'object' && figure !== null) {
    const { $schema, data, mark } = figure as { $schema?: unknown; data?: unknown; mark?: unknown };
    if ((typeof $schema === 'string' && $schema.includes('vega')) || mark !== undefined) return 'vega';
    if (Array.isArray(data)) return 'plotly';
  }
  throw invalid('A figure is the text of an SVG, bytes, { data, layout } of Plotly, or a specification of Vega-Lite.');
}

function pageOf(kind: keyof typeof SCRIPTS, json: string): string {
  const scripts = SCRIPTS[kind].map((url) => `<script src="${url}" charset="utf-8"></script>`).join('\n');
  return `<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
${scripts}
</head>
<body>
<div id="figure" style="width: 100%; height: 100vh"></div>
<script>
const spec = ${json};
${DRAW[kind]}
</script>
</body>
</html>
`;
}

function invalid(message: string): RunspanError {
  return new RunspanError('INVALID_ARGUMENT', message);
}
