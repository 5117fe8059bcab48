// Text of a run's into a page: everything that a user wrote is escaped here and nowhere else.

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const MAX_LENGTH = 2_000;

/** Makes a text safe inside an element or a quoted attribute; control characters are shown as a replacement. */
export function escapeHtml(text: string, maxLength: number = MAX_LENGTH): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
  // Direction marks could make a line say what it does not.
  return cut.replaceAll(/[^\P{Cc}\n\t]|\p{Bidi_Control}/gu, '�').replaceAll(/[&<>"']/g, (one) => ENTITIES[one] ?? '');
}

/** Makes a link to a page of the web; what is no http URL stays a text, so that no script can be one. */
export function link(url: string, label: string): string {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return escapeHtml(label);
  return `<a href="${escapeHtml(url)}" rel="noopener noreferrer" target="_blank">${escapeHtml(label)}</a>`;
}

/** Writes data into a script element that is no script: `<` could end it. */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** Makes a table of two columns; the first one heads its row. */
export function pairTable(rows: readonly (readonly [string, string])[], kind: 'pairs' | 'files' = 'pairs'): string {
  const body = rows.map(
    ([key, value]) => `<tr><th scope="row">${escapeHtml(key)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<table class="${kind}">${body.join('')}</table>`;
}
