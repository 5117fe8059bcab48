// An unchanged job with a span of its own; it prints what it would carry on.
import { context, propagation, trace } from '@opentelemetry/api';

trace.getTracer('job').startActiveSpan('work', (span) => {
  span.setAttributes({ long: '0123456789', other: 'b' });
  span.addEvent('one');
  span.addEvent('two');
  console.log('a line');
  const bagged = propagation.setBaggage(context.active(), propagation.createBaggage({ key: { value: 'value' } }));
  const carrier = {};
  propagation.inject(bagged, carrier);
  console.log(`carrier ${JSON.stringify(carrier)}`);
  span.end();
});
