// Tables in pandas' JSON, and the tag by which MLflow's page finds them; figures as files.
import { describe, expect, it } from 'vitest';
import { encodeFigure } from '../../../src/artifacts/content/figure.ts';
import * as table from '../../../src/artifacts/content/table.ts';

describe('a table', () => {
  it.each<[string, table.TableInput, table.Table]>([
    [
      'columns',
      { a: [1, 2], b: ['x', null] },
      {
        columns: ['a', 'b'],
        data: [
          [1, 'x'],
          [2, null],
        ],
      },
    ],
    ['one row', { a: 1, b: 'x' }, { columns: ['a', 'b'], data: [[1, 'x']] }],
    [
      'rows',
      [{ a: 1 }, { b: 2 }],
      {
        columns: ['a', 'b'],
        data: [
          [1, null],
          [null, 2],
        ],
      },
    ],
    [
      'a value for all rows',
      { a: [1, 2], b: 'x' },
      {
        columns: ['a', 'b'],
        data: [
          [1, 'x'],
          [2, 'x'],
        ],
      },
    ],
    ['nothing', {}, { columns: [], data: [[]] }],
    ['no rows', [], { columns: [], data: [] }],
  ])('is read from %s', (_, given, expected) => expect(table.toTable(given)).toEqual(expected));

  it.each([
    [{ a: [1, 2], b: [1] }, 'of one length'],
    ['x', 'not string'],
    [[1], 'are objects'],
    [null, 'not object'],
  ])('%j is none', (given, message) => {
    expect(() => table.toTable(given as table.TableInput)).toThrow(message);
  });

  it('is written as pandas writes it, and read back', () => {
    const given = table.toTable({ a: [1.5, NaN], b: [true, new Date(0)], c: ['ü/"', { d: 1 }] });
    const text = table.serializeTable(given);
    expect(text).toBe(
      '{"columns":["a","b","c"],"data":[[1.5,true,"ü/\\""],[null,"1970-01-01T00:00:00.000Z",{"d":1}]]}',
    );
    expect(table.rowsOf(table.parseTable(text, 't.json'))).toHaveLength(2);
  });

  it.each(['{', '[]', '{"columns":[]}', '{"columns":[],"data":[1]}'])('is not read from %s', (text) => {
    expect(() => table.parseTable(text, 't.json')).toThrow(
      expect.objectContaining({ errorCode: 'INVALID_PARAMETER_VALUE' }),
    );
  });

  it('follows another, column by column', () => {
    const first = table.toTable({ a: [1], b: [2] });
    const second = table.toTable({ b: [3], c: [4] });
    expect(table.concatTables(first, second)).toEqual({
      columns: ['a', 'b', 'c'],
      data: [
        [1, 2, null],
        [null, 3, 4],
      ],
    });
  });

  it('holds the paths of its images instead of them', () => {
    const image = { data: [1], width: 1, height: 1, channels: 1 } as const;
    const paths = { png: 'i.png', webp: 'i.webp' };
    const taken = table.takeImages(table.toTable({ a: [1], b: [image] }), () => paths);
    expect(taken.table.data).toEqual([[1, { type: 'image', filepath: 'i.png', compressed_filepath: 'i.webp' }]]);
    expect(taken.images).toEqual([{ image, paths }]);
    expect(() => table.takeImages(table.toTable({ a: [image, 1] }), () => paths)).toThrow("Column 'a' holds images");
  });

  it.each([
    ['a.json', undefined],
    ['a.parquet', 'NOT_SUPPORTED'],
    ['a.csv', 'INVALID_ARGUMENT'],
    ['a,b.json', 'INVALID_ARGUMENT'],
    ["a'.json", 'INVALID_ARGUMENT'],
  ])('called %s is %s', (name, code) => {
    if (code === undefined) expect(table.checkTableName(name)).toBe(name);
    else expect(() => table.checkTableName(name)).toThrow(expect.objectContaining({ code }));
  });

  it('is in the tag once, with the spaces of Python', () => {
    const one = table.addTableToTag(undefined, 'a.json');
    expect(one).toBe('[{"path": "a.json", "type": "table"}]');
    expect(table.addTableToTag(one, 'a.json')).toBeUndefined();
    expect(table.addTableToTag(one, 'b.json')).toBe(
      '[{"path": "a.json", "type": "table"}, {"path": "b.json", "type": "table"}]',
    );
  });
});

describe('a figure', () => {
  const text = (figure: Parameters<typeof encodeFigure>[0], name: string): string =>
    Buffer.from(encodeFigure(figure, name)).toString();
  const plotly = { data: [{ y: [1, 2], type: 'scatter', name: '</script><b>' }], layout: { title: 'x' } };

  it('of Plotly is a page that draws it, and cannot end its own script', () => {
    const page = text(plotly, 'a/f.html');
    expect(page).toMatch(/<script src="https:\/\/cdn\.plot\.ly\/plotly-/);
    expect(page).toContain('Plotly.newPlot');
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    const [, json = ''] = /const spec = (.*);\n/.exec(page) ?? [];
    expect(JSON.parse(json)).toEqual(plotly);
    expect(JSON.parse(text(plotly, 'f.json'))).toEqual(plotly);
  });

  it('of Vega-Lite is told from it', () => {
    const spec = { $schema: 'https://vega.github.io/schema/vega-lite/v6.json', data: [], mark: 'bar' };
    expect(text(spec, 'f.html')).toContain('vegaEmbed("#figure", spec)');
    expect(text({ mark: 'bar', encoding: {} }, 'f.html')).toContain('vegaEmbed');
  });

  it('that is an SVG or bytes is kept as it is', () => {
    expect(text('<svg/>', 'f.svg')).toBe('<svg/>');
    const bytes = Buffer.from('png');
    expect(encodeFigure(bytes, 'f.png')).toBe(bytes);
  });

  it.each([
    [plotly, 'f.png'],
    ['<svg/>', 'f.png'],
    ['no svg', 'f.svg'],
    [{}, 'f.html'],
    [{ data: 1 }, 'f.html'],
  ])('%j as %s is refused', (figure, name) => {
    expect(() => encodeFigure(figure, name)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
