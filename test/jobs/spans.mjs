// An unchanged job with a span of its own; it prints what it would carry on.
import { context, propagation, trace } from '@opentelemetry/api';

const linked = (digit) => ({
  context: { traceId: digit.repeat(32), spanId: digit.repeat(16), traceFlags: 1 },
  attributes: { a: 1, b: 2 },
});
trace.getTracer('job').startActiveSpan('work', { links: [linked('1'), linked('2')] }, (span) => {
  span.setAttributes({ long: '0123456789', other: 'b' });
  span.addEvent('one', { a: 1, b: 2 });
  span.addEvent('two', { a: 1, b: 2 });
  console.log('a line');
  const bagged = propagation.setBaggage(context.active(), propagation.createBaggage({ key: { value: 'value' } }));
  const carrier = {};
  propagation.inject(bagged, carrier);
  console.log(`carrier ${JSON.stringify(carrier)}`);
  span.end();
});
