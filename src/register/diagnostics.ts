// OpenTelemetry's diagnostics under register: on stderr, at the level of OTEL_LOG_LEVEL; the SDK's own logger would write to stdout.
import { writeSync } from 'node:fs';
import { format } from 'node:util';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import type { DiagLogFunction } from '@opentelemetry/api';

const STDERR = 2;

/** Starts the diagnostics at a level such as `debug`; without one there are none. */
export function startDiagnostics(level: string | undefined): void {
  const name = level?.trim().toUpperCase() ?? '';
  // DiagLogLevel has its names by number too; only the names are levels.
  const found: unknown = Reflect.get(DiagLogLevel, name);
  if (typeof found !== 'number' || found === DiagLogLevel.NONE) return;
  const [error, warn, info, debug, verbose] = ['error', 'warn', 'info', 'debug', 'verbose'].map(writer) as [
    DiagLogFunction,
    DiagLogFunction,
    DiagLogFunction,
    DiagLogFunction,
    DiagLogFunction,
  ];
  diag.setLogger({ error, warn, info, debug, verbose }, { logLevel: found, suppressOverrideMessage: true });
}

function writer(level: string): DiagLogFunction {
  return (...parts) => {
    try {
      writeSync(STDERR, `otel ${level}: ${format(...parts)}\n`);
    } catch {
      // stderr is closed or full: there is nobody left to tell.
    }
  };
}
