// The next start: what other jobs left in this folder is delivered.
import { AlertsService, LoggerService, MlflowService, startServices } from 'runspan';

const mlflow = new MlflowService({ experimentName: process.argv[2] ?? 'deliver' });
const services = await startServices(
  new LoggerService({ level: 'WARNING' }),
  new AlertsService({ enable: false, appName: 'next' }),
  mlflow,
);
await services.stop({ timeoutMs: 60_000 });
