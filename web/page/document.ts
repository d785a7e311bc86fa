// The page before its script: everything that has a place, so that nothing jumps when numbers come.
import { html } from '../../src/report/html.ts';

/** No network beyond the page's own origin, no code from text; WebAssembly is compiled from files. */
export const contentSecurityPolicy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self'; " +
  "style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'";

/** Addresses are relative, so that the page works under any path. */
export function renderDocument(generator: string): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${generator}">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<title>World model · jepa-onnx</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css">
<script type="module" src="page.js"></script>
</head>
<body>
<a class="skip" href="#plot">Skip to the picture</a>
<header class="page">
<p class="kicker" id="subject">A world model in this browser</p>
<h1 id="question">Do the latents keep apart what must be told apart?</h1>
<p class="verdict plain" id="verdict">Not measured yet</p>
<p id="answer">An encoder turns observations into latents, and a predictor moves latents by actions. Both run here, on this machine.</p>
</header>
<main>
<div id="alert" class="bad" role="alert" hidden></div>
<div id="unstarted" class="bad"><p><b>This page has not started: its script did not come.</b></p><p>Opened as a file, a page gets no scripts from a browser. Serve its folder instead: <code>jepa serve RUN</code>, or <code>python3 -m http.server</code> in the folder. On a host, all files must lie beside index.html, and the address of a folder must end in a slash.</p></div>
<noscript><p class="verdict bad">This page computes everything itself: it needs JavaScript.</p></noscript>
<progress id="progress" max="1" aria-label="Progress of the measurement"></progress>
<p id="status" class="hidden" role="status" aria-live="polite"></p>
<section class="explore" aria-labelledby="plot-title">
<figure>
<figcaption><b id="plot-title">Held-out latents, by class</b><span id="plot-hint">Point at a latent to see its observation; press it to start from there. On the keyboard: arrow keys.</span></figcaption>
<svg id="plot" tabindex="0" role="application" aria-roledescription="scatter plot" aria-labelledby="plot-title" aria-describedby="plot-hint"></svg>
</figure>
<div class="side">
<section class="card" id="act" aria-labelledby="act-title"><h2 id="act-title">Imagine</h2></section>
<section class="card" id="observation" aria-labelledby="observation-title"><h2 id="observation-title">Observation</h2></section>
</div>
</section>
<section id="measured" aria-labelledby="measured-title">
<h2 id="measured-title">Measured in this browser</h2>
<p class="finding" id="measured-finding">Not yet.</p>
<div id="measured-table"></div>
<ul class="notes" id="notes"></ul>
<form method="get" id="settings" aria-label="How to measure"></form>
</section>
<section aria-labelledby="reading-title">
<h2 id="reading-title">How to read this</h2>
<div id="reading">
<p>Each point is the latent of an observation that the encoder never saw, projected on the two directions in which the latents differ most. Of an environment, states that need the same actions for the same reward are one class; of a recording, the line above says what the classes are. Each class has a colour and a name. Where the verdict is <b>distinct</b>, every two classes can be told apart, in all dimensions, not only in these two.</p>
<p>An imagined step never looks at an observation: the predictor takes the latent and the action, and gives the next latent. It lands in the class whose mean latent is nearest; the one shown is the held-out one whose latent is nearest.</p>
</div>
</section>
</main>
<footer>Made by ${generator}. <span id="computed">Everything on this page was computed in this browser; nothing was sent anywhere.</span></footer>
</body>
</html>
`.text;
}
