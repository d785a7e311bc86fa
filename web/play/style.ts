// The playground's style sheet: the report's colours, one or two trainings beside each other, from a phone's width up.
import { style as reportStyle } from '../../src/report/style.ts';

export const playStyle = `${reportStyle}
:root{--button:#fff;--on-accent:#fff}
@media (prefers-color-scheme:dark){:root{--button:#262a34;--on-accent:#0d1117}}
body{overflow-wrap:anywhere}
main,header,footer{max-width:1240px}
header.page{padding-top:22px}
h1{font-size:clamp(25px,3.1vw,35px);margin:0 0 10px;letter-spacing:-.022em}
.lead{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:0 32px;font-size:16.5px;margin-bottom:16px}.lead p{margin:0;max-width:none}
button,select,input{font:inherit;color:inherit}
button:focus-visible,select:focus-visible,canvas:focus-visible,input:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
button{min-height:44px;padding:6px 16px;border-radius:10px;border:1px solid var(--line);background:var(--button);color:var(--ink);font-weight:600;cursor:pointer}
button:hover{border-color:var(--accent)}button:disabled{opacity:.5;cursor:default}
button.main{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
select{min-height:44px;padding:6px 10px;border-radius:10px;border:1px solid var(--line);background:var(--button);color:var(--ink);width:100%}
#alert,#unstarted{padding:14px 18px;border-radius:12px;margin:0 0 18px}#alert p,#unstarted p{margin:4px 0}
#unstarted{opacity:0;height:0;padding-block:0;overflow:hidden;animation:appear 0s linear 3s forwards}:root[data-state] #unstarted{display:none}
@keyframes appear{to{opacity:1;height:auto;padding-block:14px}}
#stories{display:flex;flex-wrap:wrap;gap:8px}
#stories button{border-radius:999px}#stories button[aria-pressed=true]{background:var(--ink);border-color:var(--ink);color:var(--page)}
#story{margin:10px 0 12px;max-width:none;min-height:3.1em;color:var(--ink)}
#bar{display:flex;flex-wrap:wrap;gap:8px 10px;align-items:center;margin:0 0 16px}
#bar .main{min-width:92px}#beside{min-width:134px}#place{min-height:0;max-width:none}
#time{flex:1 1 220px;min-width:140px;height:44px;accent-color:var(--accent);margin:0}
#step{font-size:14px;color:var(--soft);font-variant-numeric:tabular-nums;min-width:9.5em;text-align:right}
#panels{display:grid;gap:20px;align-items:start}
.panels-2{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
.panel{padding:16px 18px 14px;background:var(--card);border-radius:18px;min-width:0;border:1px solid var(--line)}
.head{display:flex;justify-content:space-between;align-items:center;gap:8px 14px;margin-bottom:4px}
.panel h2{font-size:20px;margin:0}
.verdict-word{font-size:16px;padding:4px 14px}.verdict-word.plain{padding:4px 0;color:var(--soft);background:none}
.stage{position:relative}
.plot{display:block;width:100%;height:clamp(250px,34vh,430px);border-radius:10px;cursor:crosshair;touch-action:pan-y}
.picture-note{display:block;font-size:12.5px;color:var(--soft)}
.colours{margin:4px 0 0;font-size:14px;max-width:none}.colour-key{white-space:nowrap;margin:0 5px 0 3px}.colour-key i{display:inline-block;width:11px;height:11px;border-radius:50%;margin-right:4px}
.colour-by{position:absolute;right:0;top:2px;font-size:13px;color:var(--soft);display:flex;gap:6px;align-items:center;white-space:nowrap}.colour-by select{min-height:34px;padding:2px 6px;width:auto}
.numbers{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:14px;margin:8px 0 8px;padding-top:10px;border-top:1px solid var(--line)}
.number dt{font-size:13px;line-height:1.3}.number dd{display:block}.number b{font-size:20px;font-weight:650;line-height:1.25;letter-spacing:-.01em}
.number svg{display:block;width:100%;height:34px;margin-top:2px;overflow:visible}
.number polyline{fill:none;stroke:var(--accent);stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round}
.prediction{padding-top:6px}.prediction-numbers{display:flex;flex-wrap:wrap;gap:0 14px;font-size:13px;color:var(--soft)}.prediction-numbers b{font-size:16px;color:var(--ink);font-weight:650}
.key::before{content:'';display:inline-block;width:22px;border-top:2.5px solid var(--accent);vertical-align:middle;margin-right:6px}.key.constant::before{border-top:2.5px dashed var(--soft)}
.prediction .caption{color:var(--ink);min-height:2.8em;margin-bottom:4px}.prediction svg{display:block;width:100%;height:56px;margin:4px 0}.prediction polyline{fill:none;stroke:var(--accent);stroke-width:2.25;vector-effect:non-scaling-stroke;stroke-linejoin:round}.prediction polyline.constant{stroke:var(--soft);stroke-dasharray:5 4}.prediction line{stroke:var(--ink);vector-effect:non-scaling-stroke}.prediction .gap{fill:var(--accent);opacity:.16}
.sentence{margin:4px 0 4px;min-height:4.65em;font-size:15px}
.beside-image{display:flex;gap:14px;align-items:flex-start;border-top:1px solid var(--line);padding-top:12px}
.beside-image>div:last-child{min-width:0}
.seen{flex:none;margin:0;font-size:12.5px;color:var(--soft);text-align:center}
.look{width:84px;height:84px;border-radius:8px;background:#000}
.look.dream{background:var(--line)}
.look canvas{width:84px;height:84px;image-rendering:pixelated;border-radius:8px;display:block}
.caption{margin:0 0 8px;font-size:14px;color:var(--soft);min-height:2.9em}.export{min-height:0}
.actions{display:flex;flex-wrap:wrap;gap:8px}.actions button{min-width:56px;padding:4px 12px;font-size:15px}
details{margin:12px 0 0;border-top:1px solid var(--line);padding-top:8px}summary{padding:6px 0;font-size:15px}
.knobs{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:10px 14px;margin:8px 0 12px}
.knobs label{display:grid;gap:3px;font-size:14px;color:var(--soft)}
.export a{margin-right:8px}
.panels-1 .panel{display:grid;grid-template:"head head" auto "stage sentence" auto "stage numbers" auto "stage prediction" auto "stage look" auto "stage details" 1fr/minmax(0,1.25fr) minmax(0,1fr);column-gap:28px}
.panels-1 .head{grid-area:head}.panels-1 .stage{grid-area:stage}.panels-1 .numbers{grid-area:numbers}.panels-1 .sentence{grid-area:sentence}.panels-1 .prediction{grid-area:prediction}.panels-1 .beside-image{grid-area:look}.panels-1 details{grid-area:details}
.panels-1 .plot{height:clamp(300px,62vh,640px)}.panels-1 .stage{align-self:start}
.reading{padding-top:30px}.columns{columns:2;column-gap:36px;margin-top:10px}.columns p{margin:0 0 12px;break-inside:avoid;max-width:none}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
[hidden]{display:none!important}
code{font-size:.92em}
@media (max-width:1000px){.lead{grid-template-columns:minmax(0,1fr);gap:10px}}
@media (max-width:860px){.panels-2{grid-template-columns:minmax(0,1fr)}.columns{columns:1}.panels-1 .panel{display:block}.panels-1 .plot{height:clamp(260px,46vh,430px)}}
@media (max-width:600px){.beside-image{flex-wrap:wrap}.beside-image>div:last-child{flex:1 1 100%}header.page{padding-top:18px}.lead{font-size:16px}.panel{padding:12px 12px 10px;border-radius:14px}#stories{flex-wrap:nowrap;overflow-x:auto;margin:0 -16px;padding:3px 16px}#stories button{white-space:nowrap}.plot{height:270px}.numbers{gap:10px}#story{min-height:0}#step{min-width:0;font-size:13px}#bar button{padding:6px 10px;font-size:14px}#bar .main{min-width:76px}#beside{min-width:0}#time{flex-basis:100px;min-width:90px}#bar{position:sticky;bottom:0;z-index:2;background:var(--page);padding:6px 0}}
@media (forced-colors:active){canvas{forced-color-adjust:none}}
`;
