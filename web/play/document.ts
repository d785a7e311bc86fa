// The playground before its script: what it is, what collapse is and what prevents it.
import { html } from '../../src/report/html.ts';
import { contentSecurityPolicy } from '../page/document.ts';
import { storyAddress } from './story.ts';

const link = (id: string, text: string) => html`<a href="${storyAddress(id)}" data-story="${id}">${text}</a>`;

/** Addresses are relative, so that the page works under any path. */
export function renderPlayDocument(generator: string, version: string): string {
  return html`<!doctype html>
<html lang="en" data-version="${version}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${generator}">
<meta name="description" content="Train a JEPA world model in this browser, watch it collapse, and see what prevents it.">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<title>Why do world models collapse? · jepa-onnx</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="play.css">
<script type="module" src="play.js"></script>
</head>
<body>
<a class="skip" href="#panels">Skip to the pictures</a>
<header class="page">
<h1>Why do world models collapse, and what prevents it?</h1>
<div class="lead">
<p>A <b>JEPA</b> (joint-embedding predictive architecture) learns how a world works without drawing it. An <b>encoder</b> turns each image into a few numbers, its <b>latent</b>; a <b>predictor</b> says which one follows an action.</p>
<p><b>Collapse:</b> trained on prediction alone, it finds a trick: give <i>every</i> image the same latent. Then the next one is predicted perfectly, because nothing is left to predict, and the latents say nothing.</p>
<p><b>What prevents it</b> is a second task that needs different latents: to tell ${link('rescue', 'the reward')} from the latent, ${link('dense-reward', 'a dense reward')}, or even ${link('random-projection', 'a random projection')} of the pixels. Below, the first trains beside prediction alone, now, in this browser.</p>
</div>
</header>
<main>
<div id="alert" class="bad" role="alert" hidden></div>
<div id="unstarted" class="bad"><p><b>This page has not started: its script did not come.</b></p><p>Opened as a file, a page gets no scripts from a browser. Serve its folder instead: <code>jepa play</code>, or <code>python3 -m http.server</code> in the folder.</p></div>
<noscript><p class="verdict bad">This page trains everything itself: it needs JavaScript.</p></noscript>
<p id="status" class="hidden" role="status" aria-live="polite"></p>
<div id="stories" role="group" aria-label="Stories"></div>
<p id="story"></p>
<p id="place" class="caption" role="status" hidden></p>
<div id="bar" role="group" aria-label="Training"></div>
<div id="panels" class="panels-2"></div>
<section class="reading" aria-labelledby="reading-title">
<h2 id="reading-title">How to read the pictures</h2>
<div class="columns">
<p><b>A point</b> is the latent of an image that was never trained on. Its colour is the image’s class: in one class the same actions bring the same rewards, however different the images look. A latent has more numbers than two; the picture shows the two directions in which the latents differ most.</p>
<p><b>The dashed ring</b> is as wide as the latents were before training. Points that gather far inside it have collapsed; <b>Spread</b> says by how much. <b>A line</b> goes from where the predictor expects the next latent, the open end, to where it really is. <b>Loss</b> is what training makes small. <b>Accuracy</b> is the share of unseen images whose latent is nearest to the middle of its own class.</p>
<p><b>Prediction:</b> 32 actions that were never trained on. By how much does the predictor miss the latent that really comes next, and by how much would one guess miss that is the same for all? Where both fall together, less and less is left to predict; what opens between them the predictor has learned. Both are in units of the spread before training.</p>
<p><b>The verdict</b> is <i>distinct</i> where every two classes can be told apart, <i>coarse</i> where some cannot, <i>collapsed</i> where the latents have hardly any room left; <i>collapsing</i> is said below 15% of the spread. Both curves and pictures go back in time with the slider.</p>
<p><b>Imagine:</b> point at a latent and press an action. The predictor moves the latent without looking at another image; the <i>image</i> beside the buttons is the unseen one that is nearest to where it lands. The <i>dream</i> is what the latent itself says: the mean of the images whose latents lie near it. Latents that tell images apart dream each of its own; collapsed ones all dream the same blur.</p>
</div>
</section>
</main>
<footer>Made by ${generator}. Training runs on this machine, in WebAssembly or, where chosen, in WebGPU, by the same training step that <code>jepa export --training-step</code> writes; nothing is sent anywhere. The objective is that of Yu et al., <a href="https://arxiv.org/abs/2509.12249">arXiv 2509.12249</a>.</footer>
</body>
</html>
`.text;
}
