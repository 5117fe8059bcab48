// What the page does: the value under the pointer, the lines of a span, the search in the log. All of it is extra: without script nothing is missing.

/** The page's one script; plain, since nothing translates it. It takes its data from `#data` and writes texts only, never markup. */
export const SCRIPT: string = `
(() => {
  'use strict';
  const { charts, box } = JSON.parse(document.getElementById('data').textContent);
  const number = (value) => String(Number(value.toPrecision(6)));
  const time = (ms) => (ms < 1000 ? Math.round(ms) + ' ms' : (ms / 1000).toFixed(2) + ' s');

  for (const { id, points, x, isTime, y } of charts) {
    const figure = document.getElementById(id);
    const plot = figure.querySelector('.plot');
    if (!plot) continue;
    const cursor = plot.querySelector('.cursor');
    const reading = figure.querySelector('.reading');
    const toX = (value) => box.left + ((value - x[0]) / (x[1] - x[0])) * (box.width - box.right - box.left);
    const toY = (value) => box.height - box.bottom + ((value - y[0]) / (y[1] - y[0])) * (box.top - box.height + box.bottom);
    const nearest = (at) => {
      let low = 0;
      let high = points.length - 1;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (toX(points[middle][0]) < at) low = middle;
        else high = middle;
      }
      return at - toX(points[low][0]) < toX(points[high][0]) - at ? points[low] : points[high];
    };
    const hide = () => {
      cursor.setAttribute('visibility', 'hidden');
      reading.classList.remove('on');
    };
    plot.addEventListener('pointermove', (event) => {
      const area = plot.getBoundingClientRect();
      const point = nearest(((event.clientX - area.left) / area.width) * box.width);
      const left = toX(point[0]);
      cursor.setAttribute('visibility', 'visible');
      cursor.firstChild.setAttribute('x1', left);
      cursor.firstChild.setAttribute('x2', left);
      cursor.lastChild.setAttribute('cx', left);
      cursor.lastChild.setAttribute('cy', toY(point[1]));
      reading.textContent = (isTime ? 'after ' + time(point[0]) : 'step ' + number(point[0])) + ': ' + number(point[1]);
      reading.classList.add('on');
      const frame = figure.getBoundingClientRect();
      const wanted = area.left - frame.left + (left / box.width) * area.width + 10;
      reading.style.left = Math.min(wanted, figure.clientWidth - reading.offsetWidth - 8) + 'px';
      reading.style.top = area.top - frame.top + 6 + 'px';
    });
    plot.addEventListener('pointerleave', hide);
  }

  const log = document.querySelector('.log');
  if (!log) return;
  const lines = [...log.children].map((line) => ({ line, text: line.textContent.toLowerCase() }));
  const [find, level, all, count] = ['find', 'level', 'all', 'count'].map((id) => document.getElementById(id));
  const spans = [...document.querySelectorAll('.span')];
  let picked;
  let inside = new Set();
  // The lines of a span are those of the spans in it too; these follow it and are deeper.
  const withinOf = (span) => {
    const found = new Set([span.dataset.span]);
    for (const next of spans.slice(spans.indexOf(span) + 1)) {
      if (Number(next.dataset.depth) <= Number(span.dataset.depth)) break;
      found.add(next.dataset.span);
    }
    return found;
  };
  const show = () => {
    const wanted = find.value.toLowerCase();
    let shown = 0;
    for (const { line, text } of lines) {
      const { span, level: own } = line.dataset;
      const isShown = (!picked || inside.has(span)) && (!level.value || level.value === own) && text.includes(wanted);
      line.hidden = !isShown;
      if (isShown) shown++;
    }
    all.hidden = !picked;
    count.textContent = shown === lines.length ? lines.length + ' lines' : shown + ' of ' + lines.length + ' lines';
  };
  const pick = (span) => {
    if (picked) picked.classList.remove('picked');
    picked = span;
    inside = span ? withinOf(span) : new Set();
    if (picked) picked.classList.add('picked');
    show();
  };
  for (const span of spans)
    span.querySelector('summary').addEventListener('click', () => pick(span.open ? undefined : span));
  all.addEventListener('click', () => pick(undefined));
  find.addEventListener('input', show);
  level.addEventListener('change', show);
  document.querySelector('.tools').hidden = false;
  show();
})();
`.trim();
