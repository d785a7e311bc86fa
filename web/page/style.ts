// The page's style sheet: the report's, and what only a page that moves needs.
import { style as reportStyle } from '../../src/report/style.ts';

export const style = `${reportStyle}
body{overflow-wrap:anywhere}
header.page{padding-top:20px;display:grid;grid-template:"kicker kicker" auto "h1 verdict" auto "answer answer" auto/minmax(0,1fr) auto;gap:0 20px;align-items:start}
header.page .kicker{grid-area:kicker;max-width:none}header.page h1{grid-area:h1;margin:2px 0 8px;font-size:clamp(22px,2.6vw,30px)}
header.page .verdict{grid-area:verdict;margin:2px 0 8px}header.page #answer{grid-area:answer;margin:0 0 14px;max-width:none;min-height:1.55em}
.plain{color:var(--ink);background:var(--card)}
button,select,input{font:inherit;color:inherit}
button:focus-visible,select:focus-visible,svg:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
#alert{padding:14px 18px;border-radius:12px;margin:0 0 18px}#alert p{margin:4px 0}
/* Shown by itself where no script takes it away in time. */
#unstarted{padding:14px 18px;border-radius:12px;margin:0 0 18px;opacity:0;height:0;padding-block:0;overflow:hidden;animation:appear 0s linear 3s forwards}#unstarted p{margin:4px 0}:root[data-state] #unstarted{display:none}#unstarted code{background:none;padding:0;white-space:nowrap}
:root:not([data-state]) progress{display:none}
@keyframes appear{to{opacity:1;height:auto;padding-block:14px}}
progress{width:100%;height:8px;accent-color:var(--accent);display:block;margin:0 0 16px}
.explore{display:grid;grid-template-columns:minmax(0,1.35fr) minmax(0,1fr);gap:20px;padding:0;align-items:start}
.explore figure{margin:0;display:flex;flex-direction:column}
#plot{display:block;width:100%;height:clamp(260px,calc(100vh - 290px),560px);min-height:260px;touch-action:pan-y;cursor:crosshair;border-radius:8px}
#plot text{font-weight:700;font-size:15px;fill:var(--ink);paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round;text-anchor:middle;dominant-baseline:central;pointer-events:none}
#plot .axis{font-weight:400;font-size:12.5px;fill:var(--soft);stroke:none}
#plot .point{fill-opacity:.72}#plot .ring{fill:none;stroke:var(--ink);stroke-width:2.5}#plot .neighbour{fill:none;stroke:var(--ink);stroke-width:1.2;opacity:.8}
#plot .path{fill:none;stroke:var(--ink);stroke-width:2;stroke-linejoin:round}#plot .step{fill:var(--card);stroke:var(--ink);stroke-width:2}
#plot .landed{stroke:var(--ink);stroke-width:2.5;transition:transform .35s ease-out}
.side{display:grid;grid-template-columns:minmax(0,1fr);gap:16px}
.card{padding:14px 16px;background:var(--card);border-radius:14px;--page:var(--card)}
.card h2{font-size:16px;margin:0 0 8px}.card p{margin:6px 0;font-size:14px}
.seen{display:flex;gap:14px;align-items:flex-start}
.seen canvas{flex:none}
canvas{image-rendering:pixelated;border-radius:6px;display:block;background:#000}
.large{width:92px;height:92px}
.bars{display:block;flex:none;border-radius:6px;background:var(--button);border:1px solid var(--line)}.bars rect{fill:var(--accent)}.bars line{stroke:var(--soft);stroke-width:1;vector-effect:non-scaling-stroke}
.pair{display:flex;gap:8px;flex:none}.pair .large{width:72px;height:72px}.thumbs .pair{display:grid;gap:4px}
.numbers{font-size:13px;margin:10px 0 0;width:100%}.numbers th[scope=row]{font-weight:400;overflow-wrap:anywhere}.numbers td{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}.numbers th[scope=col]:not(:first-child){text-align:right}
.seen dl{margin:0;display:grid;grid-template-columns:auto 1fr;gap:1px 12px;font-size:14px;align-content:start}.seen dt{grid-column:1;overflow-wrap:normal}.seen dl{min-width:0}.seen dd{grid-column:2;font-weight:600;font-variant-numeric:tabular-nums}.seen dd span{display:inline;font-size:inherit;line-height:inherit}.seen dd .name{color:inherit}.seen dd .tag{font-size:13px;padding:1px 9px}.seen dd{display:flex;flex-wrap:wrap;gap:0 8px;align-items:baseline}
.swatch{display:inline-block;width:.75em;height:.75em;border-radius:50%;margin-right:.4em;vertical-align:-.05em}
.thumbs{list-style:none;margin:4px 0 0;padding:0;display:grid;grid-template-columns:repeat(6,minmax(0,1fr));gap:8px}
.thumbs .bars{width:100%;height:auto;aspect-ratio:1}.thumbs canvas{width:100%;height:auto;aspect-ratio:1}.thumbs span{display:block;font-size:12px;text-align:center;color:var(--soft)}
.caption{color:var(--soft)}.card .caption{font-size:13px;margin:10px 0 2px}
.actions{display:flex;flex-wrap:wrap;gap:8px;margin:8px 0 10px}
.actions button,.plan button,form button{min-width:52px;min-height:44px;padding:6px 16px;border-radius:10px;border:1px solid var(--line);background:var(--button);color:var(--ink);font-weight:600;cursor:pointer}
.actions button:hover,.plan button:hover,form button:hover{border-color:var(--accent)}
.actions .main{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}.actions button:disabled{opacity:.45;cursor:default}

.plan{display:flex;flex-wrap:wrap;gap:8px 10px;align-items:center;margin:10px 0 2px;font-size:14px}.plan label{color:var(--soft)}.plan select{max-width:100%}
.steps{margin:8px 0 0;padding:0;list-style:none;display:flex;flex-wrap:wrap;gap:4px 6px;font-size:14px;font-variant-numeric:tabular-nums;align-items:center;min-height:26px}
.steps .tag{font-size:13px;padding:1px 9px}
#measured td{white-space:nowrap}code{font-size:.9em;background:var(--card);padding:1px 5px;border-radius:5px}
form{display:flex;flex-wrap:wrap;gap:12px 18px;align-items:end;margin:0 0 12px}form label{font-size:14px;color:var(--soft);display:grid;gap:3px}
select{min-height:44px;padding:6px 10px;border-radius:10px;border:1px solid var(--line);background:var(--button);color:var(--ink)}
.notes{margin:0 0 18px;padding-left:20px}.notes li{margin:4px 0;max-width:74ch}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
[hidden]{display:none!important}
:root{--button:#fff;--on-accent:#fff}
@media (prefers-color-scheme:dark){:root{--button:#262a34;--on-accent:#0d1117}}
@media (max-width:860px){.explore{grid-template-columns:minmax(0,1fr)}#plot{height:clamp(260px,46vh,420px)}}
@media (min-width:600px) and (max-width:860px){.side{grid-template-columns:repeat(2,minmax(0,1fr));align-items:start}}
@media (max-width:600px){header.page{grid-template:"kicker" auto "h1" auto "verdict" auto "answer" auto/minmax(0,1fr);padding-top:14px}header.page .verdict{justify-self:start;font-size:18px;padding:5px 16px}
header.page h1{font-size:22px}.large{width:80px;height:80px}.seen .pair{display:grid}.seen dl{column-gap:10px}header.page #answer{font-size:15px;margin-bottom:10px}.explore figcaption span{font-size:13px}}
@media (prefers-reduced-motion:reduce){#plot .landed{transition:none}}
@media (forced-colors:active){.swatch{forced-color-adjust:none}}
`;
