// Previews of traces as Python's client makes them.
import { expect, test } from 'vitest';
import { metadataOf, previewOf, toPythonJson } from '../../../src/runs/client/trace-preview.ts';

test('JSON has the spaces of Python, but not within texts', () => {
  expect(toPythonJson({ 'a:b': ['x, "y": z', 1.5, NaN, 2n ** 60n], c: {} })).toBe(
    '{"a:b": ["x, \\"y\\": z", 1.5, NaN, 1152921504606846976], "c": {}}',
  );
});

const user = { role: 'user', content: 'last' };
const chat = [user, { role: 'assistant', content: 'answer' }];

test.each<[string, unknown, 'user' | 'assistant', string | undefined]>([
  ['a chat that is asked', { messages: chat }, 'user', 'last'],
  ['a chat without that role', { messages: [user] }, 'assistant', 'last'],
  ['an answer of a chat', { choices: [{ message: { role: 'assistant', content: 'yes' } }] }, 'assistant', 'yes'],
  ['a request of responses', { input: chat }, 'user', 'last'],
  ['a request within one', { request: { input: chat } }, 'user', 'last'],
  [
    'an answer in parts',
    { output: [{ role: 'assistant', content: [{ type: 'output_text', text: 'part' }] }] },
    'assistant',
    'part',
  ],
  ['parts that are texts', { messages: [{ role: 'user', content: ['a', 'b'] }] }, 'user', 'a'],
  [
    'a message without text',
    { messages: [{ role: 'user', content: 1 }] },
    'user',
    '{"messages": [{"role": "user", "content": 1}]}',
  ],
  ['a text', 'hi', 'user', '"hi"'],
  ['nothing', undefined, 'user', undefined],
  ['something long', 'x'.repeat(2000), 'user', `"${'x'.repeat(996)}...`],
])('%s', (_, value, role, preview) => {
  expect(previewOf(value, role)).toBe(preview);
});

test('metadata has 250 characters, or none', () => {
  expect(metadataOf('x'.repeat(300))).toBe(`"${'x'.repeat(246)}...`);
  expect(metadataOf(undefined)).toBe('');
});
