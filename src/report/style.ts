// The page's style sheet: light and dark, from a phone's width up, and on paper.
export const style = `
:root{--page:#fff;--card:#f5f6f8;--ink:#16181d;--soft:#5b616e;--line:#d9dce3;--accent:#2f5fd0;
--good:#0b7a43;--good-bg:#dff5e8;--fair:#8a5a00;--fair-bg:#fdf0d2;--bad:#b3261e;--bad-bg:#fde4e1;--shade:#2f5fd0;--edge:#16181d30;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--page:#111318;--card:#1a1d24;--ink:#e8eaf0;--soft:#a3a9b8;--line:#323744;--accent:#8fb0ff;
--good:#6fdca0;--good-bg:#0f3323;--fair:#f2c063;--fair-bg:#3a2c0c;--bad:#ff9a90;--bad-bg:#43181a;--shade:#4668c4;--edge:#ffffff38}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
-webkit-text-size-adjust:100%}
main,header,footer,nav ul{max-width:1180px;margin:0 auto;padding:0 20px}
html{scroll-padding-top:64px}
a{color:var(--accent)}a:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.skip{position:absolute;left:-999px}.skip:focus{left:12px;top:12px;background:var(--page);padding:8px 12px;z-index:1}
.first{display:grid;grid-template:"question picture" auto "answer picture" 1fr/minmax(0,1fr) minmax(0,1.05fr);gap:0 44px;padding-top:26px}
.question{grid-area:question}.first>.answer{grid-area:answer}.first>figure,.first>.picture{grid-area:picture;align-self:start}.first>.picture :is(h2,h3){margin-top:0}
.kicker{margin:0;color:var(--soft);font-size:14px}
h1{font-size:clamp(24px,3.4vw,34px);line-height:1.2;margin:4px 0 18px;letter-spacing:-.015em;text-wrap:balance;overflow-wrap:anywhere}
h2{font-size:22px;line-height:1.25;margin:0 0 2px;letter-spacing:-.01em}
.verdict{display:inline-block;font-size:21px;font-weight:650;padding:7px 18px;border-radius:999px;margin:0 0 12px}
.tag{font-weight:600;padding:2px 10px;border-radius:999px;white-space:nowrap}
.good{color:var(--good);background:var(--good-bg)}.fair{color:var(--fair);background:var(--fair-bg)}
.bad{color:var(--bad);background:var(--bad-bg)}.tag.plain{padding:0}
.answer{margin:0;padding-left:20px}.answer li{margin:6px 0}
nav{position:sticky;top:0;z-index:2;margin:20px 0 0;padding:0;background:var(--page);border-top:1px solid var(--line);border-bottom:1px solid var(--line);font-size:14px}
nav ul{display:flex;flex-wrap:wrap;gap:0 20px;list-style:none}nav a{display:block;padding:9px 0;white-space:nowrap;text-decoration:none}nav a:hover{text-decoration:underline}
section{padding:34px 0 6px}
.finding{margin:0 0 16px;color:var(--soft);max-width:74ch}
p{max-width:74ch}
.legend{display:flex;flex-wrap:wrap;gap:2px 18px;list-style:none;margin:0 0 8px;padding:0;font-size:13px;line-height:1.5}.legend li{overflow-wrap:anywhere}.legend svg{margin-right:6px;vertical-align:-.05em}
.tables{display:flex;flex-wrap:wrap;gap:0 48px;align-items:flex-start}.table{min-width:0;max-width:100%}
.table h3{width:0;min-width:100%}.images{width:fit-content;max-width:100%}
.beside{display:grid;grid-template-columns:minmax(0,auto) minmax(min(100%,380px),1fr);gap:0 28px;align-items:start;margin-bottom:14px}.beside p:first-child{margin-top:0}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:20px;align-items:start}
figure{margin:0 0 18px;padding:16px 16px 10px;background:var(--card);border-radius:14px;min-width:0}
.first figure{--page:var(--card);margin:0}
figure{--page:var(--card)}
figcaption{font-size:14px;margin-bottom:8px}figcaption b{display:block;font-size:15px}figcaption span{color:var(--soft)}
.chart{display:block;width:100%;height:auto;max-height:560px}
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(46%,150px),1fr));gap:10px 14px}.panels>div{max-width:340px}.panel{margin:0 0 2px;font-size:13px;line-height:1.35}
.pixels{image-rendering:pixelated}
.scroll{overflow-x:auto;margin:0 0 26px;background:linear-gradient(90deg,var(--page) 40%,transparent) 0 0/48px 100% no-repeat local,linear-gradient(270deg,var(--page) 40%,transparent) 100% 0/48px 100% no-repeat local,linear-gradient(90deg,var(--edge),transparent) 0 0/18px 100% no-repeat scroll,linear-gradient(270deg,var(--edge),transparent) 100% 0/18px 100% no-repeat scroll}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums}table:not(.grid){min-width:min(100%,420px)}
h3,h2.caption{font-size:15px;line-height:1.5;margin:0 0 6px;letter-spacing:0}.axes{margin:0 0 6px;color:var(--soft);font-size:13px}
th,td{padding:6px 14px 6px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{color:var(--soft);font-weight:600;vertical-align:bottom;line-height:1.35;overflow-wrap:normal}tbody th{font-weight:500;white-space:nowrap}tbody th.long{white-space:normal;min-width:220px;max-width:52ch}
.right{text-align:right}
.grid th,.grid td{padding:5px 9px;border:0}.grid td{background:color-mix(in srgb,var(--shade) calc(var(--weight,0%)*.75),transparent);border:1px solid var(--page)}
.zero{color:var(--soft)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:0 32px;margin:0 0 22px}
.facts div{padding:9px 0;border-bottom:1px solid var(--line)}
dt{color:var(--soft);font-size:14px}dd{margin:0}dd b{font-weight:600;font-variant-numeric:tabular-nums}dd span{display:block;color:var(--soft);font-size:13px;line-height:1.4}
.images>div{display:grid;grid-template-columns:repeat(var(--columns),minmax(64px,150px));gap:8px;overflow-x:auto}.images img{width:100%;display:block;border-radius:4px}
.images span{font-size:12px;color:var(--soft);overflow-wrap:anywhere}
details{margin:0 0 14px}summary{cursor:pointer;font-weight:500}
pre{overflow-x:auto;background:var(--card);padding:14px;border-radius:10px;font-size:13px;line-height:1.45}
footer{color:var(--soft);font-size:13px;padding-top:26px;padding-bottom:40px}
@media (max-width:760px){.beside{grid-template-columns:minmax(0,1fr)}.first{grid-template:"question" auto "picture" auto "answer" auto/minmax(0,1fr);gap:12px}.verdict{margin-bottom:0}.first figcaption span{display:none}h1{margin-bottom:12px}main,header,footer,nav ul{padding:0 16px}nav ul{flex-wrap:nowrap;overflow-x:auto;scrollbar-width:none}nav{-webkit-mask:linear-gradient(90deg,#000 calc(100% - 40px),#0006)}.images>div{gap:4px}figure{padding:12px 10px 8px}.grid{font-size:12px}.grid th,.grid td{padding:4px 5px}}
@media print{:root{--page:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;color-scheme:light}
body{font-size:11pt}nav,.skip{display:none}figure,tr,.facts div{break-inside:avoid}h2{break-after:avoid}figure{border:1px solid var(--line)}
.scroll{overflow:visible}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
`;
