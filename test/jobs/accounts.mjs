// Two runs whose job exits while most of it is on its way; what stats() says in the exit goes to stdout.
import { MlflowService } from 'runspan';

const mlflow = new MlflowService({ experimentName: 'accounts' });
await mlflow.start();
const first = await mlflow.startRun('first');
const second = await mlflow.startRun({ name: 'second', nested: true });
for (let step = 0; step < 20_000; step++) (step % 3 === 0 ? second : first).logMetric('loss', step, { step });
process.on('exit', () => console.log(JSON.stringify(mlflow.stats())));
process.exit(Number(process.argv[2]));
