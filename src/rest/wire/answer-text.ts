// Reads what a server says when it refuses: MLflow's JSON, FastAPI's, a web server's HTML, plain text, or nothing.
import { refusal } from './wire-answers.ts';

/** What could be made out of a refusal. */
export interface Explanation {
  /** MLflow's own code, where the answer names one. */
  readonly errorCode: string | undefined;
  /** As the server says it, not yet masked or cut; empty where it says nothing. */
  readonly message: string;
}

/** Explains a refusal's body, whatever its Content-Type claims; never throws. */
export function explainAnswer(text: string): Explanation {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return explainJson(trimmed);
  if (trimmed.startsWith('<')) return { errorCode: undefined, message: textOfHtml(trimmed) };
  return { errorCode: undefined, message: trimmed };
}

function explainJson(text: string): Explanation {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // cut off, or not JSON after all: shown as it stands
    return { errorCode: undefined, message: text };
  }
  const { errorCode, message, detail } = refusal.parse(json);
  if (message !== undefined) return { errorCode, message };
  if (detail !== undefined) return { errorCode, message: textOfDetail(detail) };
  return { errorCode, message: errorCode === undefined ? text : '' };
}

/** FastAPI's `detail`: a text, or a list of `{ loc, msg }`. */
function textOfDetail(detail: unknown): string {
  if (typeof detail === 'string') return detail;
  if (!Array.isArray(detail)) return JSON.stringify(detail);
  return detail.map((one: unknown) => (hasMessage(one) ? one.msg : JSON.stringify(one))).join('; ');
}

function hasMessage(value: unknown): value is { readonly msg: string } {
  return typeof value === 'object' && value !== null && 'msg' in value && typeof value.msg === 'string';
}

function textOfHtml(html: string): string {
  return html
    .slice(0, 16_384)
    .replace(/<(script|style)\b[^<>]*>[^<]*<\/\1>/gi, ' ')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/&(?:nbsp|#160);/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
