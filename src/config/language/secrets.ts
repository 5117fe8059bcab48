// What an error may not show: the texts that came from a secret variable or stand under a secret name.
import { createRedactor, REDACTED } from '../../model/redact.ts';
import { entriesOf, isContainer } from './config-values.ts';
import type { Config, Container, KeyPath } from './config-values.ts';

const redactor = createRedactor();
/** A shorter one is part of too many words: a message would be unreadable and still not tell it. */
const MIN_MASKED_LENGTH = 3;
const MAX_WALK_DEPTH = 100;

/** Whether a value with this path, or a variable with this name, is a secret. */
export function isSecretPath(path: KeyPath): boolean {
  return path.some((key) => typeof key === 'string' && redactor.isSensitive(key));
}

/** The secret texts that one configuration is known to hold. */
export class Secrets {
  readonly #texts = new Set<string>();

  /** Remembers a text that no error may show. */
  add(text: unknown): void {
    if (typeof text === 'string' && text.length >= MIN_MASKED_LENGTH) this.#texts.add(text);
    else if (typeof text === 'number' || typeof text === 'bigint') this.add(String(text));
  }

  /** Remembers every value under a secret name. */
  addSecretsOf(container: Config | Container, path: KeyPath = []): void {
    if (path.length > MAX_WALK_DEPTH) return;
    for (const [key, value] of entriesOf(container)) {
      const inner = [...path, key];
      if (isContainer(value)) this.addSecretsOf(value, inner);
      else if (isSecretPath(inner)) this.add(value);
    }
  }

  /** Whether a value, or one in it, holds one of them. */
  isIn(value: unknown): boolean {
    if (typeof value === 'object' && value !== null) return Object.values(value).some((item) => this.isIn(item));
    return [...this.#texts].some((secret) => String(value).includes(secret));
  }

  /** The text with each of them masked, the longest first. */
  mask(text: string): string {
    const secrets = [...this.#texts].toSorted((a, b) => b.length - a.length);
    return secrets.reduce((masked, secret) => masked.replaceAll(secret, REDACTED), redactor.redactText(text));
  }
}
