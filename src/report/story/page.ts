// The story of a reproduction as one page without network: the game, four trainings as a film, why the reward saves the counts, what
// is forgotten, and what of it reproduces. A pure function of the story and of the claims that were judged.
import { classColours } from '../colour.ts';
import { type Html, html, Html as Markup, scriptJson } from '../html.ts';
import { formatNumber } from '../number.ts';
import { claimsHeadline } from '../reproduction/claim/answer.ts';
import type { JudgedClaim } from '../reproduction/claim/judge.ts';
import { style as reportStyle } from '../style.ts';
import { type FilmData, runFilm } from './film.ts';
import type { Story, StoryArm, StoryFrame } from './story.ts';
import { style } from './style.ts';

export interface StoryContext {
  /** Package and version. */
  readonly generator: string;
  readonly command: string;
  /** Of the claims file, and how many runs judged them; none where nothing was run. */
  readonly judged?: { readonly claims: readonly JudgedClaim[]; readonly runs: number } | undefined;
}

/** What an arm of the figure is asked beside the next latent, and in words what its last latents show. */
interface Asked {
  readonly title: string;
  readonly what: string;
  found(last: StoryFrame): string;
}

const asked: Readonly<Record<string, Asked>> = {
  'dynamics-only': {
    title: 'Predict the next latent',
    what: 'Nothing else.',
    found: ({ spread }) =>
      spread <= COLLAPSED
        ? 'all pictures have fallen into one point. The prediction is nearly perfect, and nothing is known.'
        : `has not collapsed: ${formatNumber(spread)} times as wide as before training.`,
  },
  'random-projection': {
    title: 'Predict, and 256 random sums of the pixels',
    what: 'An anchor in how it looks.',
    found: ({ spread, accuracy }) =>
      spread > COLLAPSED && accuracy < 0.5
        ? 'no collapse, but the counts lie on each other: what is held on to is how a picture looks.'
        : `${percent(accuracy)} of the pictures are nearest to their own count.`,
  },
  joint: {
    title: 'Predict, and tell the reward',
    what: 'One number: is it four?',
    found: ({ accuracy }) =>
      accuracy >= DISTINCT
        ? 'nine clusters on a curve, one a count, though the reward speaks of one count only.'
        : `${percent(accuracy)} of the pictures are nearest to their own count.`,
  },
  'reward-only': {
    title: 'Tell the reward, predict nothing',
    what: 'The same number alone.',
    found: ({ accuracy }) =>
      accuracy >= DISTINCT
        ? 'the counts are told apart here too. The paper shows about three groups: see the last section.'
        : `${percent(accuracy)} of the pictures are nearest to their own count.`,
  },
};

/** Collapsed, as verdicts have it. */
const COLLAPSED = 0.05;
const DISTINCT = 0.95;
const percent = (share: number) => `${Math.round(100 * share)}%`;
/** Of the examples, in the drawings: few enough for a phone. */
const DRAWN_STATES = 5;

/** @returns the text of the page */
export function renderStory(story: Story, { generator, command, judged }: StoryContext): string {
  const { arms, labels, states, rewards, actions, next, words } = story;
  const data: FilmData = {
    labels,
    states,
    rewards,
    actions,
    next,
    words,
    arms: arms.map(({ name, frames }) => ({ name, frames })),
  };
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${generator}">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>What a world model forgets</title>
<style>${new Markup(reportStyle)}${new Markup(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the story</a>
<header class="story">
<p class="kicker">Yu et al., arXiv 2509.12249, trained again</p>
<h1>What a world model forgets, and the one number that stops it</h1>
<p class="lead">A JEPA learns to predict the next <em>latent</em>, not the next picture. The easiest latent to predict is one that never
changes. So the network has a reason to forget everything, unless something holds on to what matters. Five minutes, four trainings of one
small network, and a slider.</p>
</header>
<main id="main" class="story">
${game(story)}
${film(story)}
${wordsSection(story)}
${drawings(story)}
${verdict(judged)}
</main>
<footer>Seed ${story.seed}; ${arms[0].frames.at(-1)?.step} steps a training, ${labels.length} held-out pictures on their own first two
principal components at each step, turned to lie near the step before; one scale a panel. Made by
<code>${command}</code> of ${generator}.</footer>
<script type="application/json" id="film-data">${scriptJson(data)}</script>
<script>${new Markup(`(()=>{const __name=(f)=>f;(${runFilm.toString()})()})()`)}</script>
</body>
</html>
`.text;
}

function game({ examples, states, rewards, actions }: Story): Html {
  return html`<section aria-labelledby="game-title">
<h2 id="game-title">The game</h2>
<p>A picture shows ${states[0]} to ${states[states.length - 1]} objects. Their shape and colour are drawn once an episode, their places anew
in every picture. There are two actions, ${actions.map((name) => name.replace('-', '−')).join(' and ')}. The reward is 1 at four objects and 0
everywhere else. To act well, only the count matters.</p>
<ol class="strip">${examples.map(
    (png, state) =>
      html`<li${rewards[state] > 0 ? new Markup(' class="paid"') : ''}><img id="example-${state}" src="data:image/png;base64,${png}" width="64" height="64" alt="A picture of ${states[state]} objects"><span>${states[state]}${rewards[state] > 0 ? ': reward 1' : ''}</span></li>`,
  )}</ol>
</section>`;
}

function film(story: Story): Html {
  const { arms, states, labels } = story;
  const colours = classColours(states.length);
  const last = arms[0].frames.length - 1;
  return html`<section id="film" aria-labelledby="film-title">
<h2 id="film-title">Four trainings, step by step</h2>
<p>Each dot is one picture, as the network sees it: its latent. Its colour is the count that it shows. All four start from the same
network.</p>
<ul class="legend">${states.map((name, state) => html`<li><svg width="12" height="12" aria-hidden="true"><circle cx="6" cy="6" r="5" fill="${colours[state]}"/></svg>${name}</li>`)}</ul>
<div class="player"><button id="play" type="button" aria-pressed="false">Play</button>
<label class="hidden" for="step">Training step</label><input id="step" type="range" min="0" max="${last}" step="1" value="${last}">
<output id="step-now" for="step">step ${arms[0].frames[last].step}</output></div>
<div class="four">${arms.map((arm, index) => panel(arm, index, { colours, labels, states }))}</div>
<p class="note">Told apart: pictures that are nearest to the mean latent of their own count, of others that are not shown. Width: the mean distance of
two latents, over that before training. Each panel has its own scale, the same at every step.</p>
<h3 class="watch">At the end</h3>
<ul class="founds">${arms.map((arm) => html`<li><b>${asked[arm.id]?.title ?? arm.name}:</b> ${asked[arm.id]?.found(arm.frames[arm.frames.length - 1])}</li>`)}</ul>
<h3 class="watch">Watch for</h3>
<ol class="moments">${moments(arms, states).map(({ frame, text, step }) => html`<li><button type="button" data-frame="${frame}">Step ${step}</button> ${text}</li>`)}</ol>
</section>`;
}

function panel(
  { id, name, frames }: StoryArm,
  index: number,
  { colours, labels, states }: { colours: readonly string[]; labels: readonly number[]; states: readonly string[] },
): Html {
  const { points, accuracy, spread, step } = frames[frames.length - 1];
  const { title, what } = asked[id] ?? { title: name, what: '' };
  return html`<figure><figcaption><b>${title}</b> <span>${what}</span></figcaption>
<svg id="panel-${index}" class="plane" viewBox="-1100 -1100 2200 2200" role="img" aria-label="${name}, step ${step}: ${percent(accuracy)} of the pictures are nearest to their own count; the latents are ${formatNumber(spread)} times as wide as before training">
${labels.map((state, n) => html`<circle cx="${points[2 * n]}" cy="${-points[2 * n + 1]}" r="30" fill="${colours[state]}"/>`)}
${states.map((state) => html`<text opacity="0">${state}</text>`)}
</svg>
<p class="facts-line" id="facts-${index}">${percent(accuracy)} told apart · width ${formatNumber(spread)}</p></figure>`;
}

/** Of the trainings that are there: where it begins, where it collapses, where the counts are back, where it ends. */
function moments(
  arms: readonly StoryArm[],
  states: readonly string[],
): { frame: number; step: number; text: string }[] {
  const arm = (id: string) => arms.find((each) => each.id === id);
  const { frames } = arms[0];
  const found: { frame: number; text: string }[] = [
    {
      frame: 0,
      text: `Before training: one network, four times. ${percent(frames[0].accuracy)} of the pictures are nearest to their own count; guessing gives ${percent(1 / states.length)}.`,
    },
  ];
  const collapsed = arm('dynamics-only')?.frames.findIndex(({ spread }) => spread <= COLLAPSED) ?? -1;
  if (collapsed > 0)
    found.push({
      frame: collapsed,
      text: 'The collapse: asked to predict and nothing else, the network has pulled all pictures to less than a twentieth of their distance.',
    });
  const rescued = arm('joint')?.frames.findIndex(({ accuracy }) => accuracy >= DISTINCT) ?? -1;
  if (rescued > 0)
    found.push({
      frame: rescued,
      text: 'The rescue: with the reward beside the prediction, 19 of 20 pictures are nearest to their own count. Nobody ever told the network a count.',
    });
  if (rescued !== frames.length - 1) found.push({ frame: frames.length - 1, text: 'The end of the training.' });
  return found.sort((a, b) => a.frame - b.frame).map(({ frame, text }) => ({ frame, text, step: frames[frame].step }));
}

function wordsSection({ states, examples }: Story): Html {
  const chosen = [states.length - 2, states.length - 1];
  return html`<section aria-labelledby="words-title">
<h2 id="words-title">Why one number is enough</h2>
<p>Seven and eight objects have the same reward: none. What keeps their latents apart? A sequence of actions after which one is paid and the
other is not: a <em>witness word</em>. Choose two counts.</p>
<div class="words">${['first', 'second'].map(
    (id, row) =>
      html`<div class="walker"><img id="picture-${row}" src="data:image/png;base64,${examples[chosen[row]]}" width="64" height="64" alt="A picture of ${states[chosen[row]]} objects">
<label for="${id}">${row === 0 ? 'One picture' : 'The other'} shows</label> <select id="${id}">${states.map((name, state) => html`<option value="${state}"${state === chosen[row] ? new Markup(' selected') : ''}>${name}</option>`)}</select>
<p class="walk" id="walk-${row}"></p></div>`,
  )}</div>
<p id="told" role="status" class="told"></p>
<p>That is the theorem of the paper: where both losses are zero, two pictures that any word tells apart have different latents. Shape, colour and
places change no reward after any word, so nothing holds on to them.</p>
</section>`;
}

function drawings({ arms, examples, states }: Story): Html {
  const shown = Array.from({ length: DRAWN_STATES }, (_, i) =>
    Math.round(((i + 0.5) * (states.length - 1)) / DRAWN_STATES),
  );
  const cell = (png: string, name: string, state: number) =>
    html`<td><img src="data:image/png;base64,${png}" width="64" height="64" alt="${name}: ${states[state]} objects"></td>`;
  const rows = [
    { id: '', title: 'The picture', drawn: examples },
    ...arms.map((arm) => ({ ...arm, title: asked[arm.id]?.title ?? arm.name })),
  ];
  return html`<section aria-labelledby="drawn-title">
<h2 id="drawn-title">What was forgotten</h2>
<p>A second network, the decoder, is given a latent and asked for the picture. What it cannot draw is not easily there.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Drawings of the decoder"><table class="drawn"><thead><tr><th scope="col">Drawn from</th>${shown.map((state) => html`<th scope="col">${states[state]}</th>`)}</tr></thead>
<tbody>${rows.map(({ title, drawn }) => html`<tr><th scope="row">${title}</th>${shown.map((state) => cell(drawn[state], title, state))}</tr>`)}</tbody></table></div>
<p>How to read it: a row with objects in their places kept the places. A row with one haze for every picture of a count, brighter where
there are more, kept how many and no more. A row that is the same everywhere kept nothing. Forgetting is no fault here: it is what makes a latent
about the task.</p>
</section>`;
}

const answerTones = { reproduces: 'good', 'does not': 'bad', undecided: 'fair' } as const;

function verdict(judged: StoryContext['judged']): Html | undefined {
  if (judged === undefined || judged.runs === 0) return undefined;
  const { claims, runs } = judged;
  return html`<section aria-labelledby="verdict-title">
<h2 id="verdict-title">Does it reproduce?</h2>
<p>One film is an anecdote. The claims were written down before the ${runs} runs that judge them, on seeds that nothing was tuned on.
A claim reproduces where the exact interval over seeds says so. <b>${claimsHeadline(claims.map(({ claim, answer }) => ({ of: claim.of, answer })))}.</b></p>
<ul class="claims">${claims.map(({ claim, answer }) => html`<li><span class="tag ${answerTones[answer]}">${answer}</span> <span>${claim.of === 'paper' ? 'The paper: ' : 'Ours: '}${claim.statement.trim()}</span></li>`)}</ul>
</section>`;
}
