// JSON as Python's json.dumps writes it, for texts that MLflow keeps and compares as texts.

/**
 * Writes a value of JSON with a blank after commas and colons, and everything beyond ASCII escaped.
 *
 * @example
 * toPythonJson([{ role: 'user', content: 'Grüße' }]); // '[{"role": "user", "content": "Gr\\u00fc\\u00dfe"}]'
 */
export function toPythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toPythonJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return escapeAll(JSON.stringify(value ?? null));
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return `{${entries.map(([key, each]) => `${escapeAll(JSON.stringify(key))}: ${toPythonJson(each)}`).join(', ')}}`;
}

function escapeAll(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
