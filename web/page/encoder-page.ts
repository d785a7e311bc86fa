// The page of an encoder from anywhere: its latents, which were computed before, are judged in the worker and can be looked at one
// by one. There are no actions and nothing to imagine.
import * as z from 'zod';
import { JepaError } from '../../src/error.ts';
import { verdictHeadlines, verdictTones } from '../../src/report/answer.ts';
import { classColours } from '../../src/report/colour.ts';
import { formatCount, formatNumber, formatPercent } from '../../src/report/number.ts';
import { ENCODER_BYTES_NAME, ENCODER_NAME, type EncoderPageDescription, parseEncoderPage } from '../encoder-format.ts';
import type { Measurement } from './measurement.ts';
import { nearestObservations } from './neighbour.ts';
import { createPlane } from './plane.ts';
import type { ClassStyle } from './view/class-label.ts';
import { byId, element } from './view/dom.ts';
import { figureSetOf } from './view/figure.ts';
import { answerSentence, factTable, sentenceItem } from './view/measurement-table.ts';
import { createObservationPanel } from './view/observation-panel.ts';
import { createScatter } from './view/scatter.ts';
import { judgeInWorker } from './worker-model.ts';

const NEIGHBOURS = 6;

export interface EncoderPageOptions {
  /** The whole address of a file beside the page. */
  address(path: string): string;
  /** Told in words what has changed, for a screen reader. */
  announce(text: string): void;
}

/** @throws FormatError where the files beside the page do not belong together */
export async function startEncoderPage({ address, announce }: EncoderPageOptions): Promise<void> {
  document.documentElement.dataset.state = 'measuring';
  // zod would try whether it may make code from text, which the page's policy reports.
  z.config({ jitless: true });
  byId('verdict').textContent = 'Measuring';
  const read = async (name: string) => {
    const response = await fetch(address(`model/${name}`));
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw new JepaError(`${name}: expected the latents beside the page, got status ${response.status}`, {
      remedy: 'Make the page again: jepa serve ENCODER.onnx',
    });
  };
  const [json, bytes] = await Promise.all([read(ENCODER_NAME), read(ENCODER_BYTES_NAME)]);
  const { description, judged } = parseEncoderPage(json, bytes);
  showSubject(description);
  announce('Measuring');
  const measurement = await judgeInWorker(address('worker.js'), { json, bytes });
  showMeasurement(description, measurement, announce);
  const { image, numbers, classes } = description;
  const figures = figureSetOf(judged, image ?? [numbers.length], numbers);
  const style: ClassStyle = { names: classes.names, colours: classColours(classes.names.length) };
  startMap(measurement, { figures, style, announce });
  document.documentElement.dataset.state = 'ready';
}

/** The words of the page are those of a world model, where its script does not say otherwise. */
function showSubject({ encoder, source, output, ran, size, image }: EncoderPageDescription): void {
  document.title = `${encoder}: latents · jepa-onnx`;
  byId('subject').textContent = `Encoder ${encoder}, on ${source}: ${formatCount(size)} numbers of ${output}`;
  byId('answer').textContent =
    `An encoder turns observations into latents. These were computed by ${ran} where this page was made; they are judged in this browser.`;
  byId('act').hidden = true;
  byId('settings').hidden = true;
  byId('plot-hint').textContent =
    `Point at a latent to see its ${image === null ? 'numbers' : 'image'}; press it to keep it. On the keyboard: arrow keys.`;
  byId('reading').replaceChildren(
    element(
      'p',
      {},
      'Each point is the latent of an observation, projected on the two directions in which the latents differ most. Each class has a colour and a name. Where the verdict is ',
      element('b', {}, 'distinct'),
      ', every two classes can be told apart, in all dimensions, not only in these two.',
    ),
    element(
      'p',
      {},
      'Nearest are the observations whose latents are nearest in all dimensions; the nearest class is that of the nearest mean latent of other observations.',
    ),
  );
  byId('computed').textContent = 'Everything but the latents was computed in this browser; nothing was sent anywhere.';
}

function showMeasurement(
  { classes, source, ran }: EncoderPageDescription,
  measurement: Omit<Measurement, 'msPerObservation'>,
  announce: (text: string) => void,
): void {
  const { decision, centroids, nearestNeighbourAccuracy, evidence, separability } = measurement.distinctness;
  const isUncertain = decision.verdict === 'distinct' && decision.separable === 'undecided';
  const headline = `${verdictHeadlines[decision.verdict]}${isUncertain ? ', undecided' : ''}`;
  const tone = isUncertain ? 'fair' : verdictTones[decision.verdict];
  byId('progress').hidden = true;
  byId('verdict').className = `verdict ${tone}`;
  byId('verdict').textContent = headline;
  const answer = answerSentence(measurement, classes.names);
  byId('answer').textContent = answer;
  byId('question').textContent = `Do the latents of ${classes.names.length} classes stay apart?`;
  byId('measured-finding').textContent = `${headline}. The latents are those of ${ran}.`;
  byId('measured-table').replaceChildren(
    factTable([
      ['Observations', formatCount(measurement.latents.count)],
      ['Told apart', formatPercent(separability.share)],
      ['Accuracy', formatPercent(centroids.accuracy)],
      ['1-NN accuracy', formatPercent(nearestNeighbourAccuracy)],
      ['Mean distance', formatNumber(evidence.meanDistance)],
      ['Verdict', element('span', { class: `tag ${tone}` }, headline)],
    ]),
  );
  const claim = classes.claim ? `: ${classes.claim}` : '';
  byId('notes').replaceChildren(
    ...[
      `Observations of ${source}; classes by ${classes.of}${claim}.`,
      'Without the encoder before training, a collapse is only seen where latents differ by their rounding.',
    ].map(sentenceItem),
  );
  announce(`${headline}. ${answer}`);
}

interface MapOptions {
  readonly figures: ReturnType<typeof figureSetOf>;
  readonly style: ClassStyle;
  announce(text: string): void;
}

/** The picture of latents, and the observation that is pointed at. */
function startMap(
  { latents, centroids, distinctness }: Omit<Measurement, 'msPerObservation'>,
  { figures, style, announce }: MapOptions,
): void {
  const { labels, values, size } = latents;
  const plane = createPlane(latents, distinctness.spectrum);
  const latentOf = (index: number) => values.subarray(index * size, (index + 1) * size);
  let chosen = labels.indexOf(style.names.length >> 1);
  let pointed: number | undefined;
  const scatter = createScatter(
    byId('plot'),
    { points: plane.project(values), labels, style, shares: plane.shares },
    {
      onPoint(index) {
        if (index === pointed) return;
        pointed = index;
        show();
      },
      onChoose(index) {
        [chosen, pointed] = [index, undefined];
        show();
        const near = neighboursOf(index).map((each) => style.names[labels[each]]);
        announce(`Observation ${index}, class ${style.names[labels[index]]}. Nearest: ${near.join(', ')}.`);
      },
    },
  );
  const neighboursOf = (index: number) => nearestObservations(latents, latentOf(index), NEIGHBOURS, index);
  const panel = createObservationPanel(byId('observation'), { figures, labels, centroids, style, latentOf });
  show();

  function show(): void {
    const shown = pointed ?? chosen;
    const neighbours = neighboursOf(shown);
    panel.show(shown, neighbours);
    const path = plane.project(latentOf(chosen));
    scatter.mark({ shown, neighbours, path, isNewStep: false, landedClass: labels[chosen] });
  }
}
