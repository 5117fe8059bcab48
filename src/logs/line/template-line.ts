// Log lines by a template of the user's.
import { ERROR_KEY, errorOf, toErrorLine, toErrorText } from '../entry/error-text.ts';
import { levelOf } from '../entry/levels.ts';
import { toMessage } from '../entry/entry.ts';
import type { LogEntry } from '../entry/entry.ts';
import { compileTemplate } from '../template/template.ts';
import type { LineFormatter, TextFormat } from './text-line.ts';

/**
 * Makes the formatter of a template. An error's text follows the line, as in loguru, where the template has no `{exception}`.
 *
 * @throws {RunspanError} `INVALID_SETTINGS` for a wrong template
 */
export function createTemplateFormatter(template: string, { isColored, hasBacktrace }: TextFormat): LineFormatter {
  const { write, hasException } = compileTemplate(template, { isColored });
  return (entry, correlation, flat) => {
    const time = flat?.time ?? entry.record['time'];
    const exception = (): string => (flat === undefined ? toException(entry, hasBacktrace) : '');
    const line = write({
      level: levelOf(flat?.level ?? entry.record['level']),
      ms: typeof time === 'number' && Number.isFinite(time) ? time : Date.now(),
      message: flat === undefined ? toMessage(entry.record['msg'] ?? '') : (flat.message ?? ''),
      entry,
      correlation,
      exception,
    });
    const trace = hasException ? '' : exception();
    return trace === '' ? `${line}\n` : `${line}\n${trace}\n`;
  };
}

function toException({ record }: LogEntry, hasBacktrace: boolean): string {
  const error = errorOf(record[ERROR_KEY]);
  if (error === undefined) return '';
  return hasBacktrace ? toErrorText(error) : toErrorLine(error);
}
