// The look of the page, in light and dark; system fonts, since the page loads nothing.

/** The page's one style sheet. */
export const STYLE: string = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--text:#16191f;--soft:#5b6472;--line:#e3e6eb;--accent:#2456d6;--fill:#2456d61a;--good:#12733f;--bad:#b3261e;--warn:#8a5a00;--odd:#7a2fa0;--badbg:#b3261e14;--hit:#2456d612}
@media(prefers-color-scheme:dark){:root{--bg:#0f1216;--card:#171b21;--text:#e6e9ee;--soft:#9aa4b2;--line:#2a303a;--accent:#7aa5ff;--fill:#7aa5ff22;--good:#5ccf8e;--bad:#ff8a80;--warn:#f0b95a;--odd:#d49bf5;--badbg:#ff8a8018;--hit:#7aa5ff1c}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
main{max-width:1500px;margin:0 auto;padding:28px 24px 60px}
a{color:var(--accent)}
h1{font-size:26px;line-height:1.2;margin:0 12px 0 0;display:inline}
h2{font-size:13px;letter-spacing:.06em;text-transform:uppercase;color:var(--soft);margin:30px 0 10px;font-weight:600}
header p{margin:6px 0 0;color:var(--soft)}
.status{display:inline-block;vertical-align:4px;border-radius:999px;padding:1px 11px;font-size:12px;font-weight:700;letter-spacing:.04em;border:1px solid currentColor}
.s-finished{color:var(--good)}.s-failed{color:var(--bad)}.s-killed{color:var(--odd)}.s-running,.s-scheduled{color:var(--accent)}
.meta{display:flex;flex-wrap:wrap;gap:4px 26px;margin:14px 0 0;padding:0;list-style:none;font-size:14px}
.meta i,.facts i,.field i{font-style:normal;color:var(--soft);margin-right:5px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px;margin:0;min-width:0}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,420px),1fr));gap:14px}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,430px),1fr));gap:14px;align-items:start}
figcaption{display:flex;flex-wrap:wrap;justify-content:space-between;gap:2px 14px;font-size:14px}
.facts{display:flex;flex-wrap:wrap;gap:0 12px;font-size:12.5px;font-variant-numeric:tabular-nums}
.chart{position:relative}
.plot{display:block;width:100%;height:auto;margin-top:8px;touch-action:pan-y;cursor:crosshair}
.grid{stroke:var(--line);stroke-width:1}
.tick{fill:var(--soft);font-size:11px;font-variant-numeric:tabular-nums}
.line{fill:none;stroke:var(--accent);stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.area{fill:var(--fill)}
.dot{fill:var(--accent)}
.cursor line{stroke:var(--soft);stroke-dasharray:3 3}
.cursor circle{fill:var(--card);stroke:var(--accent);stroke-width:2}
.reading{position:absolute;display:none;top:0;left:0;pointer-events:none;background:var(--text);color:var(--card);border-radius:6px;padding:2px 8px;font-size:12.5px;font-variant-numeric:tabular-nums;white-space:nowrap}
.reading.on{display:block}
.note{color:var(--soft);font-size:12.5px;margin:6px 0}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;vertical-align:top;padding:4px 10px 4px 0;border-bottom:1px solid var(--line)}
tr:last-child>*{border-bottom:0}
th{font-weight:500;color:var(--soft)}
.pairs th{width:38%}
.files th{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:12.5px;color:var(--text)}
.files td{text-align:right;white-space:nowrap;color:var(--soft)}
.values{overflow-x:auto}
.values th{overflow-wrap:normal;white-space:nowrap}
.pairs td,pre,.log{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:12.5px}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.scroll{max-height:560px;overflow:auto}
.scale{display:flex;justify-content:space-between;margin:0 74px 4px 38%;color:var(--soft);font-size:11.5px}
.span summary{display:grid;grid-template-columns:38% 1fr 66px;align-items:center;gap:8px;padding:3px 0;cursor:pointer;list-style:none;border-radius:5px;font-size:13.5px}
.span summary::-webkit-details-marker{display:none}
.span summary:hover,.span.picked summary{background:var(--hit)}
.span summary:focus-visible{outline:2px solid var(--accent)}
.name{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.bar{width:100%;height:12px;background:linear-gradient(var(--line),var(--line)) center/100% 1px no-repeat}
.bar rect{fill:var(--accent)}
.error .bar rect{fill:var(--bad)}
.error .name,.fault{color:var(--bad)}
.mark{margin-left:6px;font-weight:700}
.took{text-align:right;color:var(--soft);font-size:12.5px;font-variant-numeric:tabular-nums;white-space:nowrap}
.inside{margin:4px 0 10px 14px;padding:6px 12px;border-left:2px solid var(--line)}
pre{white-space:pre-wrap;background:var(--badbg);border-radius:6px;padding:8px 10px;margin:6px 0}
${Array.from({ length: 13 }, (_, depth) => `.d${depth}{padding-left:${depth * 14}px}`).join('')}
.tools{display:flex;flex-wrap:wrap;gap:8px;align-items:center;margin-bottom:8px;font-size:13px;color:var(--soft)}
.tools[hidden]{display:none}
input,select,button{font:inherit;color:var(--text);background:var(--bg);border:1px solid var(--line);border-radius:6px;padding:3px 8px}
.log{list-style:none;margin:0;padding:0}
.log li{display:grid;grid-template-columns:auto 76px 1fr;gap:10px;padding:2px 0;border-bottom:1px solid var(--line)}
.log li[hidden]{display:none}
.log time{color:var(--soft)}
.log b{font-weight:600;color:var(--soft)}
.said{white-space:pre-wrap}
.field{color:var(--soft)}
.l-success b{color:var(--good)}.l-warning b,.l-warn b{color:var(--warn)}.l-error b,.l-error .said{color:var(--bad)}.l-critical b,.l-critical .said,.l-fatal b{color:var(--odd)}
footer{margin-top:40px;color:var(--soft);font-size:12.5px}
@media(max-width:640px){main{padding:18px 12px 40px}.span summary{grid-template-columns:44% 1fr 60px}.log li{grid-template-columns:auto 1fr}.log .said{grid-column:1/-1}}
`.trim();
