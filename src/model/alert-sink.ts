// What otel/ needs of the alerts service: the one method, so that neither room imports the other.

/** Takes one alert; never throws, never waits. `AlertsService` is one. */
export interface AlertSink {
  /** Takes one alert. */
  notify(title: string, message: string): void;
}
