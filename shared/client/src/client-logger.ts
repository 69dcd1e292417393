/** What this package needs of a logger; pino's fits. */
export interface ClientLogger {
  warn(fields: Record<string, unknown>, event: string): void;
}
