// Two copies of the package in one process, each with its own services and an open run; argv says how the process ends.
const [way, ...copies] = process.argv.slice(2);

for (const [index, url] of copies.entries()) {
  const { AlertsService, LoggerService, MlflowService, startServices } = await import(url);
  const mlflow = new MlflowService({ experimentName: 'copies' });
  const logger = new LoggerService({ level: 'WARN', colorize: false });
  await startServices(logger, new AlertsService({ enable: false, appName: `job${index}` }), mlflow);
  const run = await mlflow.startRun({ name: `copy-${index}`, nested: true });
  run.logMetric('loss', index);
}
const ways = {
  natural: () => undefined,
  'exit-0': () => process.exit(0),
  'exit-3': () => process.exit(3),
  throws: () => {
    throw new RangeError('late');
  },
  signal: () => {
    setInterval(() => undefined, 1000);
    process.send('ready');
  },
};
ways[way]();
