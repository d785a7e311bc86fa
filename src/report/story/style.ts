// What the story page adds to the report's style sheet.
export const style = `
.story{max-width:1180px}header.story{padding-top:34px}.story h1{font-size:clamp(27px,4.6vw,44px);line-height:1.1;max-width:20ch}.lead{font-size:18px;max-width:66ch}
main.story section{padding:30px 0 4px;scroll-margin-top:8px}html{scroll-padding-top:0}.story p{max-width:68ch}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
button,select{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--soft);border-radius:9px;padding:5px 14px;min-height:38px;cursor:pointer}
button:focus-visible,select:focus-visible,input:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.strip{max-width:1000px;display:grid;grid-template-columns:repeat(9,minmax(0,1fr));gap:8px;list-style:none;padding:0;margin:14px 0 0}.strip img{width:100%;height:auto;display:block;border-radius:6px;image-rendering:pixelated;outline:1px solid var(--line)}
.strip span{font-size:13px;color:var(--soft);display:block;margin-top:3px}.strip .paid img{outline:3px solid var(--good)}.strip .paid span{color:var(--good);font-weight:600}
.player{position:sticky;top:0;z-index:2;display:flex;gap:14px;align-items:center;background:var(--page);padding:10px 0;border-bottom:1px solid var(--line);margin-bottom:14px}
.player input{flex:1;min-width:0;accent-color:var(--accent);height:28px}#step-now{font-variant-numeric:tabular-nums;min-width:9ch;text-align:right}#play{min-width:80px;background:var(--accent);color:var(--page);border-color:var(--accent);font-weight:600}
.four{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));grid-template-rows:auto auto auto;gap:0 14px}.four figure{margin:0 0 12px;display:grid;grid-row:span 3;grid-template-rows:subgrid;gap:6px;padding:14px 12px 8px}.four figcaption{margin:0}.four figcaption b{line-height:1.3}
.note{font-size:14px;color:var(--soft)}.founds{padding-left:20px;margin:0}.founds li{margin:5px 0}
.plane{display:block;width:100%;height:auto;border-radius:8px;background:var(--page)}.plane circle{fill-opacity:.75}
.plane text{font:700 150px system-ui,sans-serif;fill:var(--ink);stroke:var(--page);stroke-width:36px;paint-order:stroke;text-anchor:middle;dominant-baseline:central}
.facts-line{font-size:13px;font-variant-numeric:tabular-nums;margin:8px 0 2px}
.watch{margin:18px 0 4px}.moments{list-style:none;padding:0;margin:0;display:grid;gap:10px}.moments li{display:grid;grid-template-columns:110px 1fr;gap:14px;align-items:center}
.words{max-width:1000px;display:grid;grid-template-columns:1fr 1fr;gap:14px;margin:14px 0}.walker{background:var(--card);border-radius:14px;padding:14px;display:grid;grid-template-columns:64px auto 1fr;gap:6px 14px;align-items:center}.walker img{border-radius:6px;image-rendering:pixelated}
.walker select{justify-self:start;background:var(--page)}.walk{grid-column:1/-1;display:flex;flex-wrap:wrap;gap:6px;align-items:center;margin:6px 0 0;min-height:38px}.place{display:inline-grid;place-items:center;min-width:34px;height:34px;border-radius:9px;background:var(--page);border:1px solid var(--line);font-weight:600}
.place.paid{border:2px solid var(--good);color:var(--good)}.arrow{color:var(--soft);font-size:13px}.arrow::after{content:" →"}.reward{margin-left:6px;font-weight:600}
.told{background:var(--card);border-left:4px solid var(--accent);padding:10px 14px;border-radius:0 10px 10px 0;min-height:3.4em}
.drawn img{width:64px;height:64px;display:block;border-radius:6px;image-rendering:pixelated}.drawn td,.drawn th{border:0;padding:4px 8px 4px 0}.drawn tbody th{white-space:normal;max-width:240px;vertical-align:middle}
.claims{max-width:1000px;list-style:none;padding:0;margin:12px 0}.claims li{display:grid;grid-template-columns:112px 1fr;gap:12px;padding:9px 0;border-bottom:1px solid var(--line);align-items:start;font-size:15px}.claims .tag{justify-self:start;font-size:13px}
footer{max-width:1180px}footer code{overflow-wrap:anywhere}
@media (max-width:760px){.four{grid-template-columns:1fr 1fr;grid-template-rows:repeat(6,auto);gap:0 10px}.four figure{padding:10px 8px 6px;margin-bottom:10px}.four figcaption{font-size:12.5px}.four figcaption b{font-size:13.5px}.facts-line{font-size:12.5px}.strip{grid-template-columns:repeat(5,minmax(0,1fr))}.words{grid-template-columns:1fr}.lead{font-size:17px}
.moments li{grid-template-columns:1fr;gap:4px;justify-items:start}.claims li{grid-template-columns:1fr;gap:4px}.drawn img{width:44px;height:44px}.drawn td{padding-right:4px}.drawn tbody th{max-width:104px;font-size:13px;line-height:1.3}.plane text{font-size:190px}}
@media (prefers-reduced-motion:reduce){*{scroll-behavior:auto!important}}
`;
