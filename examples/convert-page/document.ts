// The convert page before its script, and its style sheet: the report's colours, a place for everything that comes.
import { html } from '../../src/report/html.ts';
import { style as reportStyle } from '../../src/report/style.ts';

/**
 * Scripts of the page's own only, no code from text. The address of a model may lie on any host: it is the one thing that the
 * page ever asks for elsewhere, and only when a person has typed it.
 */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' https: http:; " +
  "style-src 'self'; img-src 'self' data:; form-action 'none'; base-uri 'none'";

/** Addresses are relative, so that the page works under any path. */
export function renderDocument(): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<title>TensorFlow.js to ONNX · jepa-onnx</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script type="module" src="page.js"></script>
</head>
<body>
<header class="page">
<p class="kicker">In this browser: nothing is uploaded</p>
<h1>TensorFlow.js to ONNX, checked</h1>
<p>Give a model of layers or a graph model. It becomes an ONNX file, and both run here on the same random inputs.</p>
</header>
<main>
<noscript><p class="verdict bad">This page converts by itself: it needs JavaScript.</p></noscript>
<p id="unstarted" class="bad">This page has not started: a browser runs no scripts of a page that is opened as a file. Serve its folder, as <code>python3 -m http.server</code> does.</p>
<form id="given" aria-label="The model">
<div id="drop">
<label for="files"><b>Drop a model's folder here</b>, or choose its model.json together with its weight files</label>
<input id="files" type="file" multiple accept=".json,.bin,.keras,.h5,application/json">
</div>
<div class="row">
<label class="wide">Or the address of a model.json<input id="address" type="url" inputmode="url" autocomplete="off" spellcheck="false" placeholder="https://"></label>
<button id="fetch" type="submit">Fetch and convert</button>
</div>
<div class="row">
<label>Images in the file<select id="layout"><option value="nchw">NCHW</option><option value="nhwc">NHWC</option><option value="model">as the model has them</option></select></label>
<label>Opset<select id="opset">${[17, 18, 19, 20, 21, 22, 23].map((opset) => html`<option>${opset}</option>`)}</select></label>
</div>
</form>
<div id="alert" class="bad" role="alert" hidden></div>
<p id="status" role="status" aria-live="polite"></p>
<section id="result" aria-labelledby="result-title" hidden>
<h2 id="result-title" tabindex="-1">The file</h2>
<p class="verdict" id="verdict"></p>
<p id="summary"></p>
<p><a id="download" class="button">Download</a></p>
<p id="reading">Largest difference of each output from the reference, and its part of the output's scale:</p>
<div id="scroll" tabindex="0" role="region" aria-labelledby="reading"><table aria-labelledby="reading"><thead><tr><th scope="col">Output</th><th scope="col">Batch</th><th scope="col">Difference</th><th scope="col">Scale</th><th scope="col">Part of scale</th></tr></thead><tbody id="rows"></tbody></table></div>
<ul id="warnings"></ul>
</section>
</main>
<footer>Made with jepa-onnx. Files stay in this browser; an address is fetched from its own host, and from nowhere else. Larger models, Keras' files and other precisions: <code>jepa convert</code>.</footer>
</body>
</html>
`.text;
}

export const style = `${reportStyle}
:root{--button:#fff;--on-accent:#fff}@media (prefers-color-scheme:dark){:root{--button:#262a34;--on-accent:#0d1117}}
body{overflow-wrap:anywhere}main,header,footer{max-width:860px}header.page{padding-top:26px}
h1{margin-bottom:8px}code{font-size:.9em;background:var(--card);padding:1px 5px;border-radius:5px}
form{display:grid;grid-template-columns:minmax(0,1fr);gap:18px;margin:18px 0}.row{display:flex;flex-wrap:wrap;gap:12px 18px;align-items:end}
.row label{display:grid;gap:3px;font-size:14px;color:var(--soft)}.wide{flex:1 1 260px;min-width:0}
button,select,input,.button{font:inherit;color:var(--ink)}
button,select,input[type=url],.button{min-height:44px;padding:8px 14px;border-radius:10px;border:1px solid var(--line);background:var(--button);max-width:100%}
input[type=url]{width:100%}button,.button{font-weight:600;cursor:pointer}button:disabled{opacity:.5;cursor:default}
.button{display:inline-block;text-decoration:none;background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
:is(button,select,input,.button,#scroll):focus-visible{outline:3px solid var(--accent);outline-offset:2px}
#drop{display:grid;grid-template-columns:minmax(0,1fr);gap:12px;padding:28px 20px;border:2px dashed var(--line);border-radius:14px;background:var(--card)}
#drop.over{border-color:var(--accent)}#files{max-width:100%}
#alert,#unstarted{padding:12px 16px;border-radius:12px;margin:0 0 16px}:root[data-state] #unstarted{display:none}#unstarted code{background:none}
#status{min-height:1.55em;margin:0;color:var(--soft)}#scroll{overflow-x:auto}#scroll table{width:100%;border-collapse:collapse}
#reading{color:var(--soft);font-size:14px;margin-bottom:4px}
#scroll :is(th,td){padding:6px 10px;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}#scroll :is(th,td):first-child{text-align:left}
section{padding-top:10px}#result-title{margin-bottom:10px;outline:none}#scroll :is(th,td):first-child{padding-left:0}[hidden]{display:none!important}
`;
